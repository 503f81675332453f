// The windows of Microsoft Entra: at most one at a time, and one for everybody who waits for the
// same. Each is opened by a click, or not at all.

import {
  EventType,
  type AuthenticationResult,
  type IPublicClientApplication,
  type PopupEvent,
  type PopupRequest,
} from '@azure/msal-browser';

export type DialogMsal = Pick<
  IPublicClientApplication,
  'acquireTokenPopup' | 'addEventCallback' | 'removeEventCallback'
>;

// How often to look whether the user has closed the window, and how long its answer may still be
// on its way then.
const LOOK_MS = 250;
const GRACE_MS = 1000;

interface Open {
  purpose: string;
  answer: Promise<AuthenticationResult>;
}

export class Dialogs {
  readonly #msal: DialogMsal;
  readonly #changed: () => void;
  #open: Open | undefined;

  constructor(msal: DialogMsal, changed: () => void) {
    this.#msal = msal;
    this.#changed = changed;
  }

  // What the window that is open is for.
  get purpose(): string | undefined {
    return this.#open?.purpose;
  }

  // Opens the window, or joins the one that is open for the same purpose.
  show(purpose: string, request: PopupRequest): Promise<AuthenticationResult> {
    if (this.#open?.purpose === purpose) return this.#open.answer;
    if (this.#open) return Promise.reject(new DialogError('interaction_in_progress'));
    const answer = this.#answer(request).finally(() => {
      this.#open = undefined;
      this.#changed();
    });
    this.#open = { purpose, answer };
    this.#changed();
    return answer;
  }

  // MSAL waits for an answer for a minute, whether or not the window is still there. A window that
  // this page opened, on top and without an opener of its own, can be looked at: Entra leaves out
  // `Cross-Origin-Opener-Policy` for such pages.
  async #answer(request: PopupRequest): Promise<AuthenticationResult> {
    let watch: ReturnType<typeof setInterval> | undefined;
    const closed = new Promise<never>((_, reject) => {
      const id = this.#msal.addEventCallback(
        ({ payload }) => {
          if (id) this.#msal.removeEventCallback(id);
          const { popupWindow } = payload as PopupEvent;
          watch = setInterval(() => {
            if (!popupWindow.closed) return;
            clearInterval(watch);
            setTimeout(() => reject(new DialogError('user_cancelled')), GRACE_MS);
          }, LOOK_MS);
        },
        [EventType.POPUP_OPENED],
      );
    });
    const answer = this.#msal.acquireTokenPopup({
      ...request,
      // What was left of a window that is gone is no reason not to open another.
      overrideInteractionInProgress: true,
    });
    try {
      return await Promise.race([answer, closed]);
    } finally {
      clearInterval(watch);
    }
  }
}

// In MSAL's words, as its own errors have them.
class DialogError extends Error {
  readonly errorCode: string;

  constructor(errorCode: string) {
    super(errorCode);
    this.errorCode = errorCode;
  }
}
