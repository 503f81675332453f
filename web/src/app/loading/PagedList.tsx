// A list that loads page by page, in each of its states.

import { Button, makeStyles } from '@fluentui/react-components';
import { useEffect, type ReactNode } from 'react';
import { ServiceRefusal } from '../refusal/ServiceRefusal.tsx';
import { useAnnounce } from '../../accessibility/announcer.tsx';
import { Empty } from './Empty.tsx';
import { Loading } from './Loading.tsx';
import type { PagesControl } from './usePages.ts';

const useStyles = makeStyles({ more: { alignSelf: 'flex-start' } });

interface PagedListProps<Entry> {
  control: PagesControl<Entry>;
  // What the list holds, for sentences: "records".
  plural: string;
  empty: ReactNode;
  children: (entries: readonly Entry[]) => ReactNode;
}

export function PagedList<Entry>({ control, plural, empty, children }: PagedListProps<Entry>) {
  const styles = useStyles();
  const { entries, next, loaded, busy, refused } = control.pages;
  const announce = useAnnounce();
  const count = entries.length;
  useEffect(() => {
    if (loaded && !busy && !refused) announce(count === 0 ? `No ${plural}.` : `${count} ${plural} shown.`);
    // Only when something has arrived: a change by the user is announced where it is made.
  }, [loaded, busy, refused]);
  return (
    <>
      {busy === 'first' && !loaded && <Loading label={`Loading ${plural}`} />}
      {refused && <ServiceRefusal refusal={refused} again={control.again} busy={busy !== undefined} />}
      {loaded && count === 0 && !refused && <Empty>{empty}</Empty>}
      {count > 0 && children(entries)}
      {next !== undefined && !refused && (
        <Button
          className={styles.more}
          disabledFocusable={busy !== undefined}
          onClick={control.loadMore}
        >
          {busy === 'more' ? `Loading more ${plural}` : `Load more ${plural}`}
        </Button>
      )}
    </>
  );
}
