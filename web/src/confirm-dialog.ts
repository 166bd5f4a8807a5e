import { element } from './dom.ts';

/** Asks before something that cannot be undone. Escape and the first button mean no. */
export function confirmDialog(question: {
  readonly title: string;
  readonly text: string;
  readonly confirm: string;
}): Promise<boolean> {
  return new Promise((resolve) => {
    const keep = element('button', { type: 'button', class: 'button' }, 'Keep it');
    const confirm = element(
      'button',
      { type: 'button', class: 'button button-danger', 'data-confirm': true },
      question.confirm,
    );
    const dialog = element(
      'dialog',
      { class: 'dialog', 'aria-labelledby': 'dialog-title' },
      element('h2', { id: 'dialog-title' }, question.title),
      element('p', {}, question.text),
      element('div', { class: 'buttons buttons-end' }, keep, confirm),
    );
    keep.addEventListener('click', () => {
      dialog.close();
    });
    confirm.addEventListener('click', () => {
      dialog.close('confirmed');
    });
    dialog.addEventListener('close', () => {
      dialog.remove();
      resolve(dialog.returnValue === 'confirmed');
    });
    document.body.append(dialog);
    dialog.showModal();
  });
}
