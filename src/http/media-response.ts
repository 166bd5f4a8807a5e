import { decideRange, formatContentRange, formatUnsatisfiedRange } from '../media/byte-range.ts';

/** One immutable run of bytes as HTTP sees it. */
export interface Representation {
  /** Strong, with its quotes. */
  readonly etag: string;
  readonly sizeBytes: number;
  readonly contentType: string;
  readonly cacheControl: string;
}

/** What to answer: status and headers, and which bytes, if any, make the body. */
export interface MediaAnswer {
  readonly status: 200 | 206 | 304 | 416;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: { readonly offset: number; readonly length: number };
}

/** Decides a GET or HEAD of a representation: If-None-Match, then Range with If-Range (RFC 9110 §13.2.2). */
export function answerMedia(request: Request, representation: Representation): MediaAnswer {
  const { etag, sizeBytes, cacheControl } = representation;
  const common = { etag, 'accept-ranges': 'bytes', 'cache-control': cacheControl };
  if (isNotModified(request, etag)) return { status: 304, headers: common };
  const range = decideRange(rangeOf(request, etag), sizeBytes);
  if (range.kind === 'unsatisfiable') {
    const contentRange = formatUnsatisfiedRange(sizeBytes);
    return {
      status: 416,
      headers: { ...common, 'content-range': contentRange, 'cache-control': 'no-store' },
    };
  }
  const body = range.kind === 'part' ? range : { offset: 0, length: sizeBytes };
  return {
    status: range.kind === 'part' ? 206 : 200,
    headers: {
      ...common,
      'content-type': representation.contentType,
      'content-length': String(body.length),
      ...(range.kind === 'part' && {
        'content-range': formatContentRange(body.offset, body.length, sizeBytes),
      }),
    },
    ...(request.method !== 'HEAD' && { body }),
  };
}

/** True when `If-None-Match` names this tag; the comparison is the weak one (RFC 9110 §13.1.2). */
export function isNotModified(request: Request, etag: string): boolean {
  const header = request.headers.get('if-none-match');
  if (header === null) return false;
  if (header.trim() === '*') return true;
  return header.split(',').some((candidate) => candidate.trim().replace(/^W\//, '') === etag);
}

/** The Range header where it counts: on GET, and only while `If-Range` (strong, RFC 9110 §13.1.5) names these very bytes. */
function rangeOf(request: Request, etag: string): string | undefined {
  if (request.method !== 'GET') return undefined;
  const condition = request.headers.get('if-range');
  if (condition !== null && condition.trim() !== etag) return undefined;
  return request.headers.get('range') ?? undefined;
}
