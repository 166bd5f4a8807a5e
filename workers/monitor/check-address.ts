import type { ReadinessCheck } from '../../src/contracts/service-apis.ts';

/** Playback addresses are made of `PUBLIC_URL`: one that only this machine can reach is of no use elsewhere. */
export function checkAddress(publicUrl: string, requestUrl: string): ReadinessCheck {
  const { origin } = new URL(requestUrl);
  const ok = !isLoopback(publicUrl) || isLoopback(origin);
  const detail = ok
    ? publicUrl
    : `PUBLIC_URL is ${publicUrl}, but this is ${origin}: "npm run deploy" sets it`;
  return { name: 'address', ok, detail };
}

function isLoopback(url: string): boolean {
  return /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/.test(new URL(url).hostname);
}
