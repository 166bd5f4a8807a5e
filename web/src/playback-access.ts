import type { ApiClient } from './api-client.ts';
import { readTokenClaims } from './token-claims.ts';
import type { Video } from './wire.ts';

const LEAST_LIFE_MS = 5 * 60 * 1000;

/** How the dashboard plays videos: open ones by uid, protected ones by a playback token of its own. */
export interface PlaybackAccess {
  idFor(video: Pick<Video, 'uid' | 'requireSignedURLs'>): Promise<string>;
  freshToken(uid: string): Promise<string>;
}

/** Keeps a token until its last minutes, so that a list of posters does not ask for one each time. */
export function createPlaybackAccess(
  api: Pick<ApiClient, 'playbackToken'>,
  now: () => number,
): PlaybackAccess {
  const tokens = new Map<string, string>();
  const freshToken = async (uid: string): Promise<string> => {
    const token = await api.playbackToken(uid);
    tokens.set(uid, token);
    return token;
  };
  return {
    freshToken,
    idFor: async ({ uid, requireSignedURLs }) => {
      if (!requireSignedURLs) return uid;
      const known = tokens.get(uid);
      const { exp = 0 } = readTokenClaims(known ?? '');
      if (known !== undefined && exp * 1000 - now() > LEAST_LIFE_MS) return known;
      return freshToken(uid);
    },
  };
}
