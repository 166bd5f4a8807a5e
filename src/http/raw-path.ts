/** The path of a request's URL as it was sent: still encoded, without the query. */
export function rawPathOf(url: string): string {
  return /^[a-z]+:\/\/[^/?#]*([^?#]*)/.exec(url)?.[1] || '/';
}
