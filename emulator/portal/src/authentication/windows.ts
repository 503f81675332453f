// Windows of the authority: one at a time, and none without a click. A click in a frame counts for
// the portal too, for a few seconds; without one, or when the browser blocks the window all the
// same, a dialog of the portal asks for it.

import { BrowserAuthError } from '@azure/msal-browser';
import { TokenError, noToken } from '../protocol/rejection.ts';

/** Asks for a click; `false` when the person wants none of it. */
export type AskForClick = () => Promise<boolean>;

const BLOCKED = new Set(['popup_window_error', 'empty_window_error']);

export class Windows {
  #last: Promise<unknown> = Promise.resolve();

  /** Runs `work` when everything before it has ended. */
  inTurn<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#last.then(work, work);
    this.#last = turn.catch(() => {});
    return turn;
  }

  /** Opens a window of ours. */
  async open(url: string, ask: AskForClick): Promise<Window> {
    const features = 'popup,width=483,height=600';
    const open = () => window.open(url, '_blank', features);
    return (clicked() && open()) || (await asked(ask), open()) || blocked();
  }

  /** Lets MSAL open one: `interact` has to do so at once. */
  async interact<T>(interact: () => Promise<T>, ask: AskForClick): Promise<T> {
    if (clicked()) {
      try {
        return await interact();
      } catch (thrown) {
        if (!(thrown instanceof BrowserAuthError && BLOCKED.has(thrown.errorCode))) throw thrown;
      }
    }
    await asked(ask);
    return interact();
  }
}

function clicked(): boolean {
  return navigator.userActivation.isActive;
}

async function asked(ask: AskForClick): Promise<void> {
  if (!(await ask())) {
    throw noToken(TokenError.UserInteractionFailed, 'the person did not want a window opened');
  }
}

function blocked(): never {
  throw noToken(TokenError.UserInteractionFailed, 'the browser blocked the window', 'popup_blocked');
}
