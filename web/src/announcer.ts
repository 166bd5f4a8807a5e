import { byId } from './dom.ts';

const SHOWN_MS = 4_500;
let timer: ReturnType<typeof setTimeout> | undefined;

/** Shows a short message at the foot of the page, and has screen readers say it. */
export function announce(message: string): void {
  const toast = byId('toast', HTMLElement);
  toast.textContent = message;
  toast.dataset['shown'] = 'true';
  clearTimeout(timer);
  timer = setTimeout(() => {
    toast.dataset['shown'] = 'false';
  }, SHOWN_MS);
}
