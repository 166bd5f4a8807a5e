import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const MAX_REPORT_BYTES = 16 * 1024 * 1024;

/** Runs the installed ffmpeg with the folder as its own; answers what it says. Throws when it fails. */
export async function ffmpeg(folder: string, args: readonly string[]): Promise<string> {
  const all = ['-nostdin', '-hide_banner', '-nostats', '-y', ...args];
  const { stderr } = await promisify(execFile)('ffmpeg', all, {
    cwd: folder,
    maxBuffer: MAX_REPORT_BYTES,
  });
  return stderr;
}
