// The user's clicks: each is good for one window. The browser's own transient activation outlives the
// window that it opened, so that a page could open another that nobody asked for.

export interface Clicks {
  // Whether there is a click that has opened nothing yet, so recent that a window belongs to it.
  readonly fresh: boolean;
  spend(): void;
}

export function clicksOn(target: EventTarget, activation: { isActive: boolean }): Clicks {
  let unspent = false;
  // A key that presses a button is a click, too.
  target.addEventListener('click', () => (unspent = true), { capture: true });
  return {
    get fresh() {
      return unspent && activation.isActive;
    },
    spend: () => (unspent = false),
  };
}
