/** The claims of a JWT that the page needs. Nothing is verified here: the server does that. */
export interface TokenClaims {
  readonly sub?: string;
  /** Seconds since the epoch. */
  readonly exp?: number;
}

/** Reads the payload of a JWT; an empty object for anything else. */
export function readTokenClaims(token: string): TokenClaims {
  try {
    const payload = token.split('.')[1] ?? '';
    const binary = atob(payload.replaceAll('-', '+').replaceAll('_', '/'));
    const bytes = Uint8Array.from(binary, (char) => char.codePointAt(0) ?? 0);
    const claims = JSON.parse(new TextDecoder().decode(bytes)) as Record<string, unknown>;
    const exp = Number(claims['exp']);
    return {
      ...(typeof claims['sub'] === 'string' && { sub: claims['sub'] }),
      ...(claims['exp'] !== undefined && Number.isFinite(exp) && { exp }),
    };
  } catch {
    return {};
  }
}
