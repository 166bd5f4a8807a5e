/** Everything of one video. */
export function videoPrefix(uid: string): string {
  return `videos/${uid}/`;
}

/** The uploaded file, write-once. */
export function sourceKey(uid: string): string {
  return `videos/${uid}/source`;
}

/** The one key that is rewritten: what playback must know of the video ({@link PlaybackRecord}). */
export function playbackKey(uid: string): string {
  return `videos/${uid}/playback`;
}

/** Everything of one processing run. */
export function revisionPrefix(uid: string, revision: string): string {
  return `videos/${uid}/${revision}/`;
}

/** One output object of one attempt of a task; `part` is 0 unless a task's output is split (long audio). */
export function taskOutputKey(output: {
  readonly uid: string;
  readonly revision: string;
  readonly taskId: string;
  readonly epoch: number;
  readonly part: number;
}): string {
  const { uid, revision, taskId, epoch, part } = output;
  return `videos/${uid}/${revision}/tasks/${taskId}.${epoch}.${part}`;
}

/** The segment map of a finished run ({@link SegmentMap}), written once when the job ends. */
export function segmentMapKey(uid: string, revision: string): string {
  return `videos/${uid}/${revision}/segments`;
}

/** Images made on demand for one run; they may come at any time after it was published. */
export function imagesPrefix(uid: string, revision: string): string {
  return `videos/${uid}/${revision}/images/`;
}

/** One image made on demand, written once: its name says all that it depends on. */
export function imageKey(uid: string, revision: string, name: string): string {
  return `${imagesPrefix(uid, revision)}${name}`;
}

/** Public playback keys of an account (JWK set), rewritten when a key is made or withdrawn. */
export function playbackKeysKey(accountId: string): string {
  return `accounts/${accountId}/playback-keys`;
}
