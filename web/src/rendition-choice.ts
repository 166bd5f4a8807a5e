/** What is known of one level of a multivariant playlist. */
export interface PlayableLevel {
  readonly width: number;
  readonly height: number;
  readonly bitrate: number;
  readonly name?: string | undefined;
  readonly uri?: string;
}

const RUNGS = [2160, 1440, 1080, 720, 480, 360, 240, 144];

/** `720p`: the level's own name, or the nearest rung of its shorter side (a portrait video is named like a lying one). */
export function levelName(level: PlayableLevel): string {
  if (level.name !== undefined && level.name !== '') return level.name;
  const fromUri = /(?:^|[/_.-])(\d{3,4}p(?:av1|hevc)?)(?:[/_.-]|$)/.exec(level.uri ?? '')?.[1];
  if (fromUri !== undefined) return fromUri;
  const short = Math.min(level.width, level.height);
  if (!(short > 0)) return `${Math.round(level.bitrate / 1000)} kb/s`;
  const rung = RUNGS.find((value) => Math.abs(value - short) <= value * 0.06);
  return `${rung ?? short}p`;
}

/** Index of the level that is meant by `720p` or `720`; −1 when there is none. */
export function findLevel(levels: readonly PlayableLevel[], wanted: string): number {
  const name = /^\d+$/.test(wanted) ? `${wanted}p` : wanted;
  const named = levels.findIndex((level) => levelName(level) === name);
  if (named !== -1) return named;
  return levels.findIndex((level) => `${level.height}p` === name);
}
