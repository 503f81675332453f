// Dialogs of the portal's own: a question with buttons, over everything else. The browser keeps the
// focus inside and puts it back.

import { button, element } from './element.ts';

export interface Choice {
  readonly name: string;
  readonly label: string;
  readonly primary?: boolean;
}

/** Shows a dialog until a button is pressed; `undefined` when it is dismissed by Escape. */
export function choose(
  id: string,
  title: string,
  content: readonly (Node | string)[],
  choices: readonly Choice[],
): Promise<string | undefined> {
  const { promise, resolve } = Promise.withResolvers<string | undefined>();
  const titleId = `${id}-title`;
  const pick = (choice: Choice) =>
    button(choice.label, () => dialog.close(choice.name), {
      class: choice.primary ? 'primary' : '',
      'data-choice': choice.name,
    });
  const dialog = element(
    'dialog',
    { id, class: 'box', 'aria-labelledby': titleId },
    element('h2', { id: titleId }, title),
    element('div', { class: 'body' }, ...content),
    element('div', { class: 'choices' }, ...choices.map(pick)),
  );
  // A dialog closed by Escape returns nothing.
  dialog.addEventListener('close', () => {
    dialog.remove();
    resolve(dialog.returnValue || undefined);
  });
  document.body.append(dialog);
  dialog.showModal();
  return promise;
}

/** Asks for the click without which no window may open. */
export async function askForClick(name: string): Promise<boolean> {
  const chosen = await choose(
    'permission',
    `${name} needs your permission`,
    [element('p', {}, 'A window for it has to open, and browsers open one only on a click.')],
    [
      { name: 'continue', label: 'Continue', primary: true },
      { name: 'cancel', label: 'Cancel' },
    ],
  );
  return chosen === 'continue';
}
