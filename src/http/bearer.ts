/** The token of an `Authorization: Bearer …` header; undefined for no header and for any other scheme. */
export function parseBearer(header: string | undefined): string | undefined {
  return /^Bearer +(\S+)$/i.exec(header ?? '')?.[1];
}
