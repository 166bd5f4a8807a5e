import { createServiceEntry } from '../../src/kernel/service-entry.ts';
import { createAuth } from './plugin.ts';

const { Service, handlers } = createServiceEntry('auth', createAuth);

export { Service };
export default handlers;
