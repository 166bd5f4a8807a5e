import { createServiceEntry } from '../../src/kernel/service-entry.ts';
import { createUpload } from './plugin.ts';

export { UploadSession } from '../../durable-objects/upload-session.ts';

const { Service, handlers } = createServiceEntry('upload', createUpload);

export { Service };
export default handlers;
