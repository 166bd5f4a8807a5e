/** The Worker serves the built page, and a fresh clone has none. */
export async function setup(): Promise<void> {
  await import('../../scripts/build-web.ts');
}
