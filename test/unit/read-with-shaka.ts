import { createRequire } from 'node:module';

import type shaka from 'shaka-player';

/** What Shaka makes of one stream: its own numbers, and where it would fetch what. */
interface ReadStream {
  readonly stream: shaka.extern.Stream;
  readonly segments: readonly {
    readonly start: number;
    readonly end: number;
    readonly url: string;
  }[];
}

export interface ReadManifest {
  readonly durationSeconds: number;
  readonly video: readonly ReadStream[];
  readonly audio: readonly ReadStream[];
}

/** Reads an MPD by Shaka's own parser, as fetched from `url`. No browser: only the parser runs. */
export async function readWithShaka(mpd: string, url: string): Promise<ReadManifest> {
  const library = loadShaka();
  const parser: shaka.extern.ManifestParser = new library.dash.DashParser();
  parser.configure(library.util.PlayerConfiguration.createDefault().manifest, () => false);
  const manifest = await parser.start(url, playerInterface(library, mpd, url));
  const { variants, presentationTimeline } = manifest;
  const streamsOf = async (kind: 'video' | 'audio'): Promise<ReadStream[]> => {
    const streams = new Set(variants.map((variant) => variant[kind]));
    return Promise.all([...streams].filter((stream) => stream !== null).map(readStream));
  };
  const read = {
    durationSeconds: presentationTimeline.getDuration(),
    video: await streamsOf('video'),
    audio: await streamsOf('audio'),
  };
  await parser.stop();
  return read;
}

/** The player looks for a browser when it is loaded; its parser needs none. */
function loadShaka(): typeof shaka {
  const browser = {
    self: globalThis,
    window: globalThis,
    location: new URL('http://player.test/'),
    document: { createElement: () => ({ canPlayType: () => '' }) },
  };
  for (const [name, value] of Object.entries(browser)) {
    if (!(name in globalThis)) Object.defineProperty(globalThis, name, { value });
  }
  return createRequire(import.meta.url)('shaka-player') as typeof shaka;
}

function playerInterface(
  library: typeof shaka,
  mpd: string,
  url: string,
): shaka.extern.ManifestParser.PlayerInterface {
  const response = { uri: url, originalUri: url, data: new TextEncoder().encode(mpd).buffer };
  const none = (): undefined => undefined;
  const given = {
    networkingEngine: { request: () => library.util.AbortableOperation.completed(response) },
    filter: () => Promise.resolve(),
    makeTextStreamsForClosedCaptions: none,
    onError: (error: unknown) => {
      throw error;
    },
    onEvent: none,
    isLowLatencyMode: () => false,
  };
  return given as unknown as shaka.extern.ManifestParser.PlayerInterface;
}

async function readStream(stream: shaka.extern.Stream): Promise<ReadStream> {
  await stream.createSegmentIndex();
  const references = [...(stream.segmentIndex ?? [])].filter((reference) => reference !== null);
  return {
    stream,
    segments: references.map((reference) => ({
      start: reference.getStartTime(),
      end: reference.getEndTime(),
      url: reference.getUris()[0] ?? '',
    })),
  };
}
