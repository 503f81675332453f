// Notifications of workloads: shown for a while in a corner, read out, each with a way to close it.

import { button, element, served } from './element.ts';

export interface Notice {
  readonly title: string;
  readonly message?: string;
  readonly kind: 'error' | 'loading' | 'success' | 'warning' | 'info';
  /** How long it stays; for ever when absent. */
  readonly milliseconds?: number;
  readonly buttons: readonly { readonly label: string; readonly press: () => void }[];
}

const AT_MOST = 8;

export class Notifications {
  readonly #region = served('notifications');
  readonly #shown = new Map<string, { element: HTMLElement; timer?: ReturnType<typeof setTimeout> }>();

  /** Shows a notice, in the place of the one with its id. */
  show(id: string, notice: Notice): void {
    const built = this.#build(id, notice);
    const before = this.#shown.get(id);
    clearTimeout(before?.timer);
    if (before) before.element.replaceWith(built);
    else this.#region.append(built);
    const timer = notice.milliseconds && setTimeout(() => this.hide(id), notice.milliseconds);
    this.#shown.set(id, { element: built, ...(timer && { timer }) });
    const [oldest] = this.#shown.keys();
    if (this.#shown.size > AT_MOST && oldest) this.hide(oldest);
  }

  hide(id: string): void {
    const shown = this.#shown.get(id);
    clearTimeout(shown?.timer);
    shown?.element.remove();
    this.#shown.delete(id);
  }

  #build(id: string, notice: Notice): HTMLElement {
    const { title, message, kind, buttons } = notice;
    const close = button('Close', () => this.hide(id), {
      class: 'plain',
      'aria-label': `Close the notification ${title}`,
    });
    return element(
      'div',
      {
        class: `notice ${kind}`,
        'data-notification': id,
        role: kind === 'error' ? 'alert' : 'status',
      },
      element('strong', {}, title),
      ...(message ? [element('p', {}, message)] : []),
      element(
        'div',
        { class: 'choices' },
        ...buttons.map(({ label, press }) => button(label, press)),
        close,
      ),
    );
  }
}
