import { join } from 'node:path';

import { SOURCE_PATH } from '../../src/media/ffmpeg-guards.ts';

/** What a run inside the sandbox may see of the user's files. */
export interface SandboxView {
  /** Writable; the working directory. */
  readonly folder: string;
  readonly sourceFile?: string;
}

/** What of this machine a program needs to run. */
export interface SystemView {
  /** Top-level links such as `/lib` → `usr/lib`. */
  readonly links: readonly { readonly path: string; readonly target: string }[];
  /** Folders and files that are shown read-only at their own place. */
  readonly readOnly: readonly string[];
}

/** bwrap: no network, own processes, a read-only system, of all other files only the source and the task's folder. */
export function bubblewrapArguments(system: SystemView, view: SandboxView): string[] {
  const { folder, sourceFile } = view;
  return [
    ['--unshare-all', '--die-with-parent', '--new-session', '--cap-drop', 'ALL'],
    system.readOnly.flatMap((path) => ['--ro-bind', path, path]),
    system.links.flatMap(({ path, target }) => ['--symlink', target, path]),
    ['--proc', '/proc', '--dev', '/dev', '--remount-ro', '/dev'],
    ['--bind', folder, folder, '--chdir', folder],
    sourceFile === undefined ? [] : ['--ro-bind', sourceFile, join(folder, SOURCE_PATH)],
    ['--remount-ro', '/', '--clearenv', '--setenv', 'PATH', '/usr/bin:/bin'],
    ['--setenv', 'LC_ALL', 'C', '--setenv', 'HOME', folder, '--setenv', 'TMPDIR', folder],
  ].flat();
}
