/** The Durable Object of one upload. */
export type SessionStub = ReturnType<Env['UPLOAD_SESSION']['getByName']>;

/** True for text that can be an upload's id; anything else needs no object to be asked. */
export function isUploadId(text: string): boolean {
  return /^upl_[0-9a-z]{26}$/.test(text);
}
