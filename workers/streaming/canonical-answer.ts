/**
 * The answer for one part of a run before it is a viewer's: the same for everybody. Plain data, because every `Response` and every change
 * of its headers is a call into the runtime, and a segment should cost one.
 */
export interface CanonicalAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: BodyInit | null;
}
