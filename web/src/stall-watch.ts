const LOOK_EVERY_MS = 2000;
/** A minute: one segment may take long on a poor line. Looks are counted, since a sleeping page has no time. */
const STALLED_LOOKS = 30;

/** What the watch looks at. */
interface Sighting {
  /** True while somebody waits for pictures. */
  readonly isWaiting: boolean;
  readonly positionSeconds: number;
  readonly bufferedSeconds: number;
}

/** Judges sightings in order: true when somebody waited in so many of them in a row and nothing moved. */
export function createStallJudge(): (sighting: Sighting) => boolean {
  let last: Sighting | undefined;
  let looks = 0;
  return (sighting) => {
    const isSame =
      last?.isWaiting === true &&
      sighting.isWaiting &&
      last.positionSeconds === sighting.positionSeconds &&
      last.bufferedSeconds === sighting.bufferedSeconds;
    last = sighting;
    looks = isSame ? (looks + 1) % STALLED_LOOKS : 0;
    return isSame && looks === 0;
  };
}

/** Calls `onStall` when the media element has waited for too long. Answers how to end the watch. */
export function watchForStalls(
  video: HTMLVideoElement,
  isLoading: () => boolean,
  onStall: () => void,
): () => void {
  const isStalled = createStallJudge();
  const timer = setInterval(() => {
    const { buffered, currentTime, paused, ended, readyState } = video;
    const needsData = readyState < HTMLMediaElement.HAVE_FUTURE_DATA;
    const ends = Array.from({ length: buffered.length }, (_, index) => buffered.end(index));
    const sighting = {
      isWaiting: isLoading() || (needsData && !paused && !ended),
      positionSeconds: currentTime,
      bufferedSeconds: ends.reduce((sum, end) => sum + end, 0),
    };
    if (isStalled(sighting)) onStall();
  }, LOOK_EVERY_MS);
  return () => {
    clearInterval(timer);
  };
}
