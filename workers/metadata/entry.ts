import { createServiceEntry } from '../../src/kernel/service-entry.ts';
import { createMetadata } from './plugin.ts';

const { Service, handlers } = createServiceEntry('metadata', createMetadata);

export { Service };
export default handlers;
