import { createServiceEntry } from '../../src/kernel/service-entry.ts';
import { createStreaming } from './plugin.ts';

const { Service, handlers } = createServiceEntry('streaming', createStreaming);

export { Service };
export default handlers;
