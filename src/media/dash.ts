import type { Rational, RenditionMap, SegmentMap } from '../contracts/media.ts';
import { listAudio } from './audio-groups.ts';
import type { AudioMember } from './audio-groups.ts';
import { largestFirst } from './largest-first.ts';
import { renderXml } from './xml.ts';
import type { XmlElement } from './xml.ts';

const MICROSECONDS = 1_000_000;
/** What a player should hold before it starts: the first segment, which is short for this reason. */
const MIN_BUFFER_TIME = 'PT2S';
/** ISO/IEC 23091-3 table 4 by number of channels; every other layout goes without. */
const CHANNEL_CONFIGURATIONS: Readonly<Record<number, number>> = {
  1: 1,
  2: 2,
  3: 3,
  4: 4,
  5: 5,
  6: 6,
  7: 11,
  8: 12,
};

/**
 * The static MPD over the segments that the HLS playlists name, to be read at `{id}/manifest/video.mpd`:
 * every URL is relative, so a token in the path is inherited.
 */
export function renderDashManifest(map: SegmentMap, revision: string): string {
  const duration = formatDuration(durationMicroseconds(map.renditions));
  return renderXml({
    name: 'MPD',
    attributes: {
      xmlns: 'urn:mpeg:dash:schema:mpd:2011',
      profiles: 'urn:mpeg:dash:profile:isoff-live:2011',
      type: 'static',
      mediaPresentationDuration: duration,
      minBufferTime: MIN_BUFFER_TIME,
    },
    content: [
      {
        name: 'Period',
        attributes: { id: '0', start: 'PT0S', duration },
        content: [
          { name: 'BaseURL', content: `../media/${revision}/` },
          ...adaptationSets(map.renditions).map((set, id) => ({
            ...set,
            attributes: { id, ...set.attributes },
          })),
        ],
      },
    ],
  });
}

function adaptationSets(renditions: readonly RenditionMap[]): XmlElement[] {
  const video = renditions.filter(({ kind }) => kind === 'video').toSorted(largestFirst);
  // Players switch within a set, which only one codec survives.
  const families = Object.values(Object.groupBy(video, codecFamily));
  return [
    ...families.flatMap((family) => (family === undefined ? [] : [videoSet(family)])),
    ...listAudio(renditions).map(audioSet),
  ];
}

function codecFamily({ codecs }: RenditionMap): string {
  return codecs.split('.', 1)[0] ?? '';
}

function videoSet(renditions: readonly RenditionMap[]): XmlElement {
  const rates = renditions.flatMap(({ frameRate }) => frameRate ?? []).toSorted(fastestFirst);
  return {
    name: 'AdaptationSet',
    attributes: {
      contentType: 'video',
      mimeType: 'video/mp4',
      segmentAlignment: 'true',
      startWithSAP: 1,
      maxWidth: largest(renditions.map(({ width }) => width)),
      maxHeight: largest(renditions.map(({ height }) => height)),
      maxFrameRate: rates[0] && formatRate(rates[0]),
    },
    content: renditions.map((rendition) =>
      representation(rendition, {
        width: rendition.width,
        height: rendition.height,
        frameRate: rendition.frameRate && formatRate(rendition.frameRate),
        sar: '1:1',
      }),
    ),
  };
}

/** One set per rendition: the tracks are different sounds, and one track in two codecs is a choice, not a switch. */
function audioSet({ rendition, name, language, isDefault }: AudioMember): XmlElement {
  const role = isDefault ? 'main' : 'alternate';
  return {
    name: 'AdaptationSet',
    attributes: {
      contentType: 'audio',
      mimeType: 'audio/mp4',
      lang: language,
      segmentAlignment: 'true',
      startWithSAP: 1,
    },
    content: [
      channelConfiguration(rendition.channels),
      { name: 'Label', content: name },
      { name: 'Role', attributes: { schemeIdUri: 'urn:mpeg:dash:role:2011', value: role } },
      representation(rendition, {}),
    ],
  };
}

function channelConfiguration(channels = 0): XmlElement | undefined {
  const value = CHANNEL_CONFIGURATIONS[channels];
  if (value === undefined) return undefined;
  const schemeIdUri = 'urn:mpeg:mpegB:cicp:ChannelConfiguration';
  return { name: 'AudioChannelConfiguration', attributes: { schemeIdUri, value } };
}

function representation(
  rendition: RenditionMap,
  picture: NonNullable<XmlElement['attributes']>,
): XmlElement {
  return {
    name: 'Representation',
    attributes: {
      id: rendition.name,
      codecs: rendition.codecs,
      bandwidth: Math.ceil(rendition.bandwidthBps),
      ...picture,
    },
    content: [
      {
        name: 'SegmentTemplate',
        attributes: {
          timescale: rendition.timescale,
          startNumber: 0,
          initialization: '$RepresentationID$/init.mp4',
          media: '$RepresentationID$/$Number$.m4s',
        },
        content: [{ name: 'SegmentTimeline', content: timeline(rendition) }],
      },
    ],
  };
}

/**
 * ISO/IEC 23009-1 §5.3.9.6: presentation times of the segments, equal lengths in one entry. The priming samples have none:
 * players hide them by the edit list of the init segment, so a `presentationTimeOffset` would move the sound twice.
 */
function timeline(rendition: RenditionMap): XmlElement[] {
  const runs: { d: number; r: number }[] = [];
  const start = startTicksOf(rendition);
  for (const [n, { durationTicks }] of rendition.segments.entries()) {
    const d = n === 0 ? durationTicks + Math.min(0, start) : durationTicks;
    const last = runs.at(-1);
    if (last?.d === d) last.r += 1;
    if (last?.d !== d) runs.push({ d, r: 0 });
  }
  return runs.map(({ d, r }, n) => ({
    name: 'S',
    attributes: { t: n === 0 ? Math.max(0, start) : undefined, d, r: r > 0 ? r : undefined },
  }));
}

function startTicksOf({ startTicks = 0 }: RenditionMap): number {
  return startTicks;
}

/** End of the last rendition to end, rounded up: a player may drop a frame that does not end inside the presentation. */
function durationMicroseconds(renditions: readonly RenditionMap[]): number {
  const ends = renditions.map((rendition) => {
    const { segments, timescale } = rendition;
    const ticks = segments.reduce(
      (sum, { durationTicks }) => sum + durationTicks,
      startTicksOf(rendition),
    );
    // Seconds and rest apart: ticks × 10⁶ would leave the safe integers in long videos with fine timescales.
    const rest = Math.ceil(((ticks % timescale) * MICROSECONDS) / timescale);
    return Math.floor(ticks / timescale) * MICROSECONDS + rest;
  });
  return ends.reduce((most, end) => Math.max(most, end), 0);
}

function formatDuration(microseconds: number): string {
  const fraction = String(microseconds % MICROSECONDS)
    .padStart(6, '0')
    .replace(/0+$/, '');
  const seconds = Math.floor(microseconds / MICROSECONDS);
  return `PT${seconds}${fraction === '' ? '' : `.${fraction}`}S`;
}

function largest(sizes: readonly (number | undefined)[]): number | undefined {
  const known = sizes.filter((size) => size !== undefined);
  return known.length === 0 ? undefined : Math.max(...known);
}

function fastestFirst(a: Rational, b: Rational): number {
  return b.numerator / b.denominator - a.numerator / a.denominator;
}

function formatRate({ numerator, denominator }: Rational): string {
  return denominator === 1 ? String(numerator) : `${numerator}/${denominator}`;
}
