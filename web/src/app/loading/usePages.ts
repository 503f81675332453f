// Loads a list page by page. A call that is under way when its page is left, or when the list is asked
// for anew, is aborted, and its answer counts for nothing.

import { useCallback, useEffect, useReducer, useRef } from 'react';
import { refusalOf, type Challenge, type Refusal } from 'selvedge-challenge';
import { attemptOf, type Attempt } from './attempt.ts';
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
  again(answer?: Challenge): void;
  change(change: (entries: readonly Entry[]) => readonly Entry[]): void;
}

interface Ask {
  part: 'first' | 'more';
  pageToken: string;
  answer?: Challenge;
}

const FIRST: Ask = { part: 'first', pageToken: '' };

// `fetchPage` must be one function for as long as it fetches one list (useCallback).
export function usePages<Entry>(
  fetchPage: (pageToken: string, attempt: Attempt) => Promise<Page<Entry>>,
): PagesControl<Entry> {
  const [pages, dispatch] = useReducer(pagesAfter<Entry, Refusal>, undefined, noPages<Entry, Refusal>);
  const underWay = useRef<AbortController>(undefined);
  const last = useRef(FIRST);

  const load = useCallback(
    (ask: Ask) => {
      underWay.current?.abort();
      const call = new AbortController();
      underWay.current = call;
      last.current = ask;
      const { part, pageToken, answer } = ask;
      dispatch({ kind: 'asked', for: part });
      const tell = (event: PagesEvent<Entry, Refusal>) => {
        if (!call.signal.aborted) dispatch(event);
      };
      fetchPage(pageToken, attemptOf(call.signal, answer)).then(
        ({ entries, next }) => tell({ kind: 'arrived', for: part, entries, next }),
        (error: unknown) => tell({ kind: 'refused', refused: refusalOf(error) }),
      );
    },
    [fetchPage],
  );

  useEffect(() => {
    dispatch({ kind: 'begun' });
    load(FIRST);
    return () => underWay.current?.abort();
  }, [load]);

  return {
    pages,
    reload: useCallback(() => load(FIRST), [load]),
    loadMore: useCallback(
      () => load({ part: 'more', pageToken: pages.next ?? '' }),
      [load, pages.next],
    ),
    again: useCallback((answer) => load({ ...last.current, answer }), [load]),
    change: useCallback((change) => dispatch({ kind: 'changed', change }), []),
  };
}
