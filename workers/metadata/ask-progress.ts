import type { JobProgress, TranscoderApi } from '../../src/contracts/service-apis.ts';

const MAX_ASKED = 50;
const PATIENCE_MS = 2000;

type Progress = Readonly<Record<string, JobProgress>>;

/** Progress by job id. It is a nicety: where the transcoder is missing, fails or is silent, nothing is known. */
export async function askProgress(
  transcoder: Pick<TranscoderApi, 'progress'> | undefined,
  jobIds: readonly string[],
): Promise<Progress> {
  if (transcoder === undefined || jobIds.length === 0) return {};
  let timer: ReturnType<typeof setTimeout> | undefined;
  const silence = new Promise<Progress>((resolve) => {
    timer = setTimeout(() => resolve({}), PATIENCE_MS);
  });
  const answer = transcoder.progress(jobIds.slice(0, MAX_ASKED)).catch((): Progress => ({}));
  try {
    return await Promise.race([answer, silence]);
  } finally {
    clearTimeout(timer);
  }
}
