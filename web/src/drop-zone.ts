import { byId } from './dom.ts';

/** Files dropped anywhere on the page, or chosen by the button. */
export function createDropZone(onFiles: (files: readonly File[]) => void): void {
  const zone = byId('drop', HTMLElement);
  const input = byId('files', HTMLInputElement);
  const page = byId('page', HTMLElement);
  let depth = 0;

  const over = (isOver: boolean): void => {
    zone.dataset['over'] = String(isOver);
  };
  const isOpen = (): boolean => page.dataset['signedIn'] === 'true';
  const isFile = (event: DragEvent): boolean =>
    event.dataTransfer?.types.includes('Files') ?? false;

  input.addEventListener('change', () => {
    onFiles([...(input.files ?? [])]);
    // The same file may be chosen again.
    input.value = '';
  });
  zone.addEventListener('click', (event) => {
    if (event.target !== input && !(event.target instanceof HTMLLabelElement)) input.click();
  });
  // Entering a child leaves its parent, so the depth tells whether the pointer is still inside.
  document.addEventListener('dragenter', (event) => {
    if (!isFile(event)) return;
    depth += 1;
    over(isOpen());
  });
  document.addEventListener('dragleave', () => {
    depth = Math.max(0, depth - 1);
    if (depth === 0) over(false);
  });
  document.addEventListener('dragover', (event) => {
    if (isFile(event)) event.preventDefault();
  });
  document.addEventListener('drop', (event) => {
    if (!isFile(event)) return;
    event.preventDefault();
    depth = 0;
    over(false);
    if (isOpen()) onFiles([...(event.dataTransfer?.files ?? [])]);
  });
}
