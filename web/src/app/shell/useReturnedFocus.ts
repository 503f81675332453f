// For a dialog: when it goes away, the focus returns to what had it before, or, where that is gone
// too, to the page's heading.

import { useEffect, useState } from 'react';

export function useReturnedFocus(): void {
  const [opener] = useState(() => document.activeElement);
  useEffect(
    () => () => {
      // Once the dialog has left the document, and the page has drawn what the dialog changed.
      requestAnimationFrame(() => {
        const target = opener instanceof HTMLElement && opener.isConnected ? opener : heading();
        target?.focus();
      });
    },
    [opener],
  );
}

function heading(): HTMLElement | null {
  return document.querySelector('main h1');
}
