// Dialogs and panels whose content is a frame of the workload. Whoever opened one waits until it is
// closed, and is handed what its frame said then.

import type { Workload } from '../config.ts';
import { Frame } from '../frames/frame.ts';
import type { Host } from '../frames/host.ts';
import { button, element } from './element.ts';

export interface OverlayOptions {
  readonly width?: number;
  readonly height?: number;
  readonly hasCloseButton: boolean;
  /** Whether Escape, and for a panel a click beside it, closes it. */
  readonly isDismissible: boolean;
}

interface Overlay {
  readonly type: 'dialog' | 'panel';
  readonly frame: Frame;
  readonly dialog: HTMLDialogElement;
  readonly closed: (value: unknown) => void;
}

export class Overlays {
  readonly #host: Host;
  #open: Overlay[] = [];

  constructor(host: Host) {
    this.#host = host;
  }

  /** Opens one over all others, and settles when it is closed. */
  open(
    type: 'dialog' | 'panel',
    workload: Workload,
    path: string,
    options: OverlayOptions,
  ): Promise<unknown> {
    const { promise, resolve } = Promise.withResolvers<unknown>();
    const name = `${workload.displayName} ${type}`;
    const dialog = element('dialog', { class: `frame ${type}`, 'aria-label': name });
    const failed = () => this.#close(overlay, undefined);
    const frame = new Frame(workload, type, path, { failed });
    const overlay: Overlay = { type, frame, dialog, closed: resolve };
    if (options.width) dialog.style.width = `${options.width}px`;
    if (options.height) dialog.style.height = `${options.height}px`;
    if (options.hasCloseButton) {
      const label = `Close the ${type}`;
      dialog.append(button('Close', failed, { class: 'plain close', 'aria-label': label }));
    }
    dialog.addEventListener('cancel', (event) => {
      event.preventDefault();
      if (options.isDismissible) failed();
    });
    dialog.addEventListener('click', (event) => {
      if (type === 'panel' && options.isDismissible && event.target === dialog) failed();
    });
    this.#open.push(overlay);
    document.body.append(dialog);
    dialog.showModal();
    this.#host.add(frame, dialog);
    return promise;
  }

  /** Closes the one that `from` is, or else the latest; or all of them. */
  close(type: 'dialog' | 'panel', from: Frame, all: boolean, value: unknown): boolean {
    const ofType = this.#open.filter((overlay) => overlay.type === type);
    const one = ofType.find((overlay) => overlay.frame === from) ?? ofType.at(-1);
    const closing = all ? ofType : one ? [one] : [];
    // Once the one that asks for it has its answer.
    setTimeout(() => closing.forEach((overlay) => this.#close(overlay, value)));
    return closing.length > 0;
  }

  closeAll(): void {
    for (const overlay of this.#open) this.#close(overlay, undefined);
  }

  #close(overlay: Overlay, value: unknown): void {
    this.#open = this.#open.filter((other) => other !== overlay);
    this.#host.remove(overlay.frame);
    overlay.dialog.close();
    overlay.dialog.remove();
    overlay.closed(value);
  }
}
