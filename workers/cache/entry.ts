import { createServiceEntry } from '../../src/kernel/service-entry.ts';
import { createCache } from './plugin.ts';

const { Service, handlers } = createServiceEntry('cache', createCache);

export { Service };
export default handlers;
