import { createServiceEntry } from '../../src/kernel/service-entry.ts';
import { createTranscoder } from './plugin.ts';

export { TranscodeJob } from '../../durable-objects/transcode-job.ts';
export { TranscoderContainer } from '../../durable-objects/transcoder-container.ts';
export { TaskDoor } from './task-door.ts';

const { Service, handlers } = createServiceEntry('transcoder', createTranscoder);

export { Service };
export default handlers;
