import type { RenditionMap } from '../contracts/media.ts';

/** The order in which playlists and manifests name pictures: by size, then by bandwidth. */
export function largestFirst(a: RenditionMap, b: RenditionMap): number {
  const pixels = ({ width = 0, height = 0 }: RenditionMap): number => width * height;
  return pixels(b) - pixels(a) || b.bandwidthBps - a.bandwidthBps;
}
