/**
 * Reads headers in the form of `OTEL_EXPORTER_OTLP_HEADERS`: `name=value,name=value`, values percent-encoded.
 * Throws for an entry of another form.
 */
export function parseHeaders(text: string): Record<string, string> {
  const entries = text.split(',').filter((entry) => entry.trim() !== '');
  return Object.fromEntries(
    entries.map((entry) => {
      const [name = '', ...value] = entry.split('=');
      if (!/^[\w!#$%&'*+.^`|~-]+$/.test(name.trim()) || value.length === 0)
        throw new Error('write headers as name=value, with commas between them');
      return [name.trim().toLowerCase(), decodeURIComponent(value.join('=').trim())];
    }),
  );
}
