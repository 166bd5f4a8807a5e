/** Stream's success envelope: `{success, errors, messages, result}` as JSON. */
export function envelope(result: unknown, extra: Readonly<Record<string, unknown>> = {}): Response {
  return Response.json({ success: true, errors: [], messages: [], result, ...extra });
}
