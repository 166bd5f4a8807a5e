/** R2's own error number, from its field or from the end of the message; undefined for anything else. */
export function r2ErrorCode(error: unknown): number | undefined {
  if (!(error instanceof Error)) return undefined;
  const { code } = error as { code?: unknown };
  if (typeof code === 'number') return code;
  const digits = /\((\d{5})\)$/.exec(error.message)?.[1];
  return digits === undefined ? undefined : Number(digits);
}
