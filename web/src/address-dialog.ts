import { element } from './dom.ts';

/** Shows an address, selected, where the browser does not let the page copy it. */
export function showAddress(title: string, address: string, text: string): void {
  const field = element('input', { readonly: true, value: address, 'aria-label': title });
  const close = element('button', { type: 'button', class: 'button button-main' }, 'Done');
  const dialog = element(
    'dialog',
    { class: 'dialog', 'aria-label': title },
    element('h2', {}, title),
    element('p', {}, text),
    field,
    element('div', { class: 'buttons buttons-end' }, close),
  );
  close.addEventListener('click', () => {
    dialog.close();
  });
  dialog.addEventListener('close', () => {
    dialog.remove();
  });
  document.body.append(dialog);
  dialog.showModal();
  field.select();
}
