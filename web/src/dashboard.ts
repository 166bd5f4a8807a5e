import { announce } from './announcer.ts';
import { createApiClient } from './api-client.ts';
import { messageOf } from './api-error.ts';
import { byId } from './dom.ts';
import { createDropZone } from './drop-zone.ts';
import { createLibrary } from './library.ts';
import { createPlaybackAccess } from './playback-access.ts';
import { createUploadWork, followAgain } from './run-work.ts';
import type { Work, WorkTools } from './run-work.ts';
import { createProfilePicker } from './profile-picker.ts';
import { sendPart } from './send-part.ts';
import { createSession } from './session.ts';
import { startStatusLine } from './status-line.ts';
import { createStatusView } from './status-view.ts';
import { createUploadMemory } from './upload-memory.ts';
import { createUploadQueue } from './upload-queue.ts';
import { videoName } from './video-card.ts';

const page = byId('page', HTMLElement);
const works = byId('works', HTMLElement);
const form = byId('sign-in', HTMLFormElement);
const tokenField = byId('token', HTMLInputElement);
const keepField = byId('keep', HTMLInputElement);
const signInError = byId('sign-in-error', HTMLElement);
const unfinished = byId('unfinished', HTMLElement);

const webFetch: typeof fetch = (...request) => fetch(...request);
const session = createSession({ storage: sessionStorage, fetch: webFetch, now: Date.now });
const api = createApiClient({ session, fetch: webFetch, onSignedOut: leave });
const access = createPlaybackAccess(api, Date.now);
const memory = createUploadMemory(localStorage, Date.now);
const queue = createUploadQueue();
const picker = createProfilePicker(api);
const tools: WorkTools = {
  api,
  access,
  upload: { api, session, memory, sendPart, profile: () => picker.chosen() },
  onChanged: () => {
    showUnfinished();
    void library.refresh();
  },
  onSignedOut: leave,
};
const library = createLibrary({
  api,
  access,
  onRunAgain: (video, jobId) => {
    works.prepend(followAgain({ uid: video.uid, name: videoName(video), jobId }, tools).root);
  },
});

createDropZone((files) => {
  for (const file of files) {
    const work = createUploadWork(file, tools, enqueue);
    works.prepend(work.card.root);
    enqueue(work);
  }
});
form.addEventListener('submit', (event) => {
  event.preventDefault();
  void enter();
});
byId('sign-out', HTMLButtonElement).addEventListener('click', () => {
  leave('');
});
addEventListener('beforeunload', (event) => {
  if (queue.isSending()) event.preventDefault();
});
startStatusLine();
const statusView = createStatusView(api);
show();

function enqueue(work: Work): void {
  queue.add(work);
}

async function enter(): Promise<void> {
  const button = byId('sign-in-button', HTMLButtonElement);
  button.disabled = true;
  signInError.textContent = '';
  try {
    await session.signIn(tokenField.value.trim(), keepField.checked);
    tokenField.value = '';
    show();
    announce('Signed in.');
  } catch (error) {
    signInError.textContent = messageOf(error);
    tokenField.focus();
  }
  button.disabled = false;
}

/** Back to the token entry; cards of uploads stay, so that they can go on afterwards. */
function leave(reason: string): void {
  session.signOut();
  library.clear();
  show();
  signInError.textContent = reason;
}

function show(): void {
  const isSignedIn = session.isSignedIn();
  page.dataset['signedIn'] = String(isSignedIn);
  showUnfinished();
  if (isSignedIn) {
    void library.refresh();
    void picker.refresh();
  }
  statusView.signedIn(isSignedIn);
  if (!isSignedIn) tokenField.focus();
}

function showUnfinished(): void {
  const shown = new Set(
    Array.from(works.children, (card) => (card instanceof HTMLElement ? card.dataset['name'] : '')),
  );
  const names = memory.unfinished().filter((name) => !shown.has(name));
  unfinished.hidden = names.length === 0;
  unfinished.textContent = `Not finished: ${names.join(', ')}. Choose the same file again and the upload goes on where it stopped.`;
}
