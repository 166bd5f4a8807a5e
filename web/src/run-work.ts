import { abandonUpload } from './abandon-upload.ts';
import { announce } from './announcer.ts';
import type { ApiClient } from './api-client.ts';
import { ApiError, messageOf } from './api-error.ts';
import { iconButton } from './dom.ts';
import { followJob } from './follow-job.ts';
import type { PlaybackAccess } from './playback-access.ts';
import { createPlayer } from './player.ts';
import { copyDashUrl, copyHlsUrl, copyWatchLink } from './share-links.ts';
import { createTransferRate } from './transfer-rate.ts';
import { uploadFile } from './upload-file.ts';
import type { UploadTools } from './upload-file.ts';
import { cardAction, createWorkCard } from './work-card.ts';
import type { WorkCard } from './work-card.ts';

export interface WorkTools {
  readonly api: ApiClient;
  readonly upload: UploadTools;
  readonly access: PlaybackAccess;
  /** Something changed that the library should show. */
  readonly onChanged: () => void;
  readonly onSignedOut: (message: string) => void;
}

/** One file on its way: its card, and how to run it. */
export interface Work {
  readonly card: WorkCard;
  /** Runs until the file is uploaded (or failed); preparing goes on by itself, so that the next file can be sent. */
  run(): Promise<void>;
  isSending(): boolean;
}

/** A chosen file: upload, preparation, playback. `enqueue` puts it in line again after an error. */
export function createUploadWork(
  file: File,
  tools: WorkTools,
  enqueue: (work: Work) => void,
): Work {
  const card = createWorkCard(file.name, file.size);
  let abort = new AbortController();
  let uploadId: string | undefined;
  let isSending = false;

  const dismiss = cardAction('close', 'Remove from the list', () => {
    card.root.remove();
  });
  const cancel = cardAction('close', 'Cancel the upload', () => {
    abort.abort();
    card.setState('cancelled', 'Cancelling');
    card.setActions();
    // While something is being sent, the end of that is waited for: only then is it known what there is to take back.
    if (!isSending) void takeBack();
  });
  const work: Work = { card, run, isSending: () => isSending };
  const retry = iconButton({
    name: 'retry',
    label: 'Try again',
    onPress: () => {
      abort = new AbortController();
      card.setState('waiting', 'Waiting for its turn');
      card.setActions(cancel);
      enqueue(work);
    },
  });

  function fail(error: unknown): void {
    if (error instanceof ApiError && error.status === 401) tools.onSignedOut(error.message);
    const isFinal = error instanceof ApiError && [400, 403, 413].includes(error.status);
    const next = isFinal ? 'Choose another file.' : 'What was sent is kept: try again to go on.';
    card.setState('error', `${messageOf(error)} ${next}`);
    card.setActions(...(isFinal ? [] : [retry]), dismiss);
    announce(`${file.name}: ${messageOf(error)}`);
  }

  async function takeBack(): Promise<void> {
    try {
      if (uploadId !== undefined) {
        tools.upload.memory.forget(file);
        await abandonUpload(tools.api, uploadId);
      }
      card.setState('cancelled', 'Cancelled. Nothing was kept.');
      card.setActions(dismiss);
    } catch (error) {
      card.setState('error', `${messageOf(error)} What was sent may still be there.`);
      const again = iconButton({
        name: 'retry',
        label: 'Cancel again',
        onPress: () => void takeBack(),
      });
      card.setActions(again, dismiss);
    }
    tools.onChanged();
  }

  async function run(): Promise<void> {
    const { signal } = abort;
    if (signal.aborted) return;
    const rate = createTransferRate();
    isSending = true;
    card.setState('uploading', 'Uploading');
    try {
      const done = await uploadFile(
        file,
        tools.upload,
        {
          onStarted: (plan, resumed) => {
            uploadId = plan.id;
            if (signal.aborted) return;
            card.root.dataset['uid'] = plan.uid;
            if (resumed) card.setState('uploading', 'Going on where the upload had stopped');
          },
          onBytes: (bytes) => {
            if (signal.aborted) return;
            rate.add(performance.now(), bytes);
            card.setBytes(bytes, rate.bytesPerSecond());
            if (bytes === file.size) card.setState('completing', 'Checking what arrived');
          },
          onWaiting: (message) => {
            card.setHint(`${message} Trying again by itself.`);
          },
        },
        signal,
      );
      signal.throwIfAborted();
      tools.onChanged();
      void prepare({ card, ...done, name: file.name, tools, dismiss });
    } catch (error) {
      if (signal.aborted) await takeBack();
      else fail(error);
    } finally {
      isSending = false;
    }
  }

  card.setState('waiting', 'Waiting for its turn');
  card.setActions(cancel);
  return work;
}

/** A card for a video that is prepared once more. */
export function followAgain(
  video: { readonly uid: string; readonly name: string; readonly jobId: string },
  tools: WorkTools,
): WorkCard {
  const card = createWorkCard(video.name, undefined);
  const dismiss = cardAction('close', 'Remove from the list', () => {
    card.root.remove();
  });
  void prepare({ card, ...video, tools, dismiss });
  return card;
}

interface Preparation {
  readonly card: WorkCard;
  readonly uid: string;
  readonly jobId: string;
  readonly name: string;
  readonly tools: WorkTools;
  readonly dismiss: HTMLElement;
}

/** Follows the job to its end, then puts the player into the card. */
async function prepare(preparation: Preparation): Promise<void> {
  const { card, uid, jobId, name, tools, dismiss } = preparation;
  card.root.dataset['uid'] = uid;
  card.root.dataset['job'] = jobId;
  card.setState('transcoding', 'Preparing for playback. You may close this page.');
  const cancel = cardAction('close', 'Cancel the preparation', () => {
    void tools.api.cancelJob(jobId).catch((error: unknown) => {
      announce(messageOf(error));
    });
  });
  card.setActions(cancel);
  try {
    const job = await followJob({
      api: tools.api,
      jobId,
      signal: new AbortController().signal,
      onProgress: (progress) => {
        card.job.show(progress);
      },
    });
    if (job.state === 'ready') await showResult(preparation);
    if (job.state === 'cancelled') card.setState('cancelled', 'The preparation was cancelled.');
    if (job.state === 'error')
      card.setState('error', job.reason ?? 'The video could not be prepared.');
    card.setActions(...(job.state === 'ready' ? [] : [againButton(preparation)]), dismiss);
    announce(`${name}: ${job.state === 'ready' ? 'ready to play' : (job.reason ?? job.state)}`);
  } catch (error) {
    card.setState('error', messageOf(error));
    const follow = iconButton({
      name: 'retry',
      label: 'Follow again',
      onPress: () => void prepare(preparation),
    });
    card.setActions(follow, dismiss);
  }
  tools.onChanged();
}

function againButton(preparation: Preparation): HTMLElement {
  const { card, uid, tools } = preparation;
  return iconButton({
    name: 'retry',
    label: 'Prepare again',
    onPress: () => {
      card.setState('transcoding', 'Asking for another run');
      card.setActions();
      void tools.api.runAgain(uid).then(
        (job) => prepare({ ...preparation, jobId: job.id }),
        (error: unknown) => {
          card.setState('error', messageOf(error));
          card.setActions(againButton(preparation), preparation.dismiss);
        },
      );
    },
  });
}

async function showResult({ card, uid, name, tools }: Preparation): Promise<void> {
  const video = await tools.api.getVideo(uid);
  const id = await tools.access.idFor(video);
  const player = createPlayer({
    id,
    title: name,
    ...(video.requireSignedURLs && { renew: () => tools.access.freshToken(uid) }),
  });
  card.setState('ready', 'Ready to play');
  card.setPlayer(
    player.root,
    iconButton({
      name: 'link',
      label: 'Copy watch link',
      onPress: () =>
        void tools.api.getVideo(uid).then((found) => copyWatchLink(found, tools.access)),
    }),
    iconButton({
      name: 'code',
      label: 'Copy HLS URL',
      onPress: () => void tools.api.getVideo(uid).then((found) => copyHlsUrl(found, tools.access)),
    }),
    iconButton({
      name: 'dashes',
      label: 'Copy DASH URL',
      onPress: () => void tools.api.getVideo(uid).then((found) => copyDashUrl(found, tools.access)),
    }),
  );
}
