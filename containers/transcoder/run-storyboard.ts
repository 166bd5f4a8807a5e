import { join } from 'node:path';

import { STORYBOARD_FILE, storyboardArguments } from '../../src/media/storyboard.ts';
import type { StoryboardTask } from '../../src/media/storyboard.ts';
import { readJpegPart } from './jpeg-part.ts';
import { faultOfMachine } from './limit-failure.ts';
import type { OutputPart } from './part-writer.ts';
import { runLimited } from './task-context.ts';
import type { TaskContext } from './task-context.ts';
import { TaskError } from './task-failure.ts';

/** Makes one JPEG with a tile for every interval of the video. */
export async function runStoryboard(
  context: TaskContext,
  task: StoryboardTask,
): Promise<OutputPart> {
  const { errors } = await runLimited(context, {
    program: 'ffmpeg',
    arguments: storyboardArguments(task, context.threads),
  });
  const part = await readJpegPart(join(context.folder, STORYBOARD_FILE));
  if (part !== undefined) return part;
  throw (
    faultOfMachine(errors) ??
    new TaskError('ERR_MALFORMED_VIDEO', 'No storyboard can be made of the file.', {
      detail: errors,
    })
  );
}
