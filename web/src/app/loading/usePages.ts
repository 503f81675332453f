// Loads a list page by page. A call that is under way when its page is left, or when the list is asked
// for anew, is aborted, and its answer counts for nothing.

import { useCallback, useEffect, useReducer, useRef } from 'react';
import { refusalOf, type Refusal } from 'selvedge-challenge';
import { noPages, pagesAfter, type Pages, type PagesEvent } from './pages.ts';

export interface Page<Entry> {
  entries: Entry[];
  next: string;
}

export interface PagesControl<Entry> {
  pages: Pages<Entry, Refusal>;
  reload(): void;
  loadMore(): void;
  // Repeats what was refused.
  again(): void;
  change(change: (entries: readonly Entry[]) => readonly Entry[]): void;
}

// `fetchPage` must be one function for as long as it fetches one list (useCallback).
export function usePages<Entry>(
  fetchPage: (pageToken: string, signal: AbortSignal) => Promise<Page<Entry>>,
): PagesControl<Entry> {
  const [pages, dispatch] = useReducer<Pages<Entry, Refusal>, [PagesEvent<Entry, Refusal>]>(
    pagesAfter,
    undefined,
    noPages,
  );
  const underWay = useRef<AbortController>(undefined);

  const load = useCallback(
    (part: 'first' | 'more', pageToken: string) => {
      underWay.current?.abort();
      const call = new AbortController();
      underWay.current = call;
      dispatch({ kind: 'asked', for: part });
      const tell = (event: PagesEvent<Entry, Refusal>) => {
        if (!call.signal.aborted) dispatch(event);
      };
      fetchPage(pageToken, call.signal).then(
        ({ entries, next }) => tell({ kind: 'arrived', for: part, entries, next }),
        (error: unknown) => tell({ kind: 'refused', refused: refusalOf(error) }),
      );
    },
    [fetchPage],
  );

  useEffect(() => {
    load('first', '');
    return () => underWay.current?.abort();
  }, [load]);

  const asked = useRef<'first' | 'more'>('first');
  const reload = useCallback(() => {
    asked.current = 'first';
    load('first', '');
  }, [load]);
  const loadMore = useCallback(() => {
    asked.current = 'more';
    load('more', pages.next ?? '');
  }, [load, pages.next]);
  return {
    pages,
    reload,
    loadMore,
    again: () => (asked.current === 'more' ? loadMore() : reload()),
    change: useCallback((change) => dispatch({ kind: 'changed', change }), []),
  };
}
