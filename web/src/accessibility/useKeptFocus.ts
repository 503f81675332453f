// For what goes away with the button that was pressed in it: the focus then goes to the page's
// heading, rather than nowhere.

import { useLayoutEffect, useRef } from 'react';

export function useKeptFocus<E extends HTMLElement>() {
  const reference = useRef<E>(null);
  useLayoutEffect(() => {
    const element = reference.current;
    return () => {
      if (!element?.contains(document.activeElement)) return;
      element.closest('main')?.querySelector('h1')?.focus();
    };
  }, []);
  return reference;
}
