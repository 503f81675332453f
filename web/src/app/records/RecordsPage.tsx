// The records: the user's own rows of JSON, kept under no item or under one.

import { Button } from '@fluentui/react-components';
import { AddRegular, ArrowClockwiseRegular } from '@fluentui/react-icons';
import { useCallback, useState } from 'react';
import type { Row } from '../../../gen/selvedge/data/v1/data_service_pb';
import type { Attempt } from '../loading/attempt.ts';
import { PagedList } from '../loading/PagedList.tsx';
import { withEntry } from '../loading/pages.ts';
import { usePages } from '../loading/usePages.ts';
import type { ItemIds } from '../routing/route.ts';
import { useServices } from '../service/services.ts';
import { useAnnounce } from '../../accessibility/announcer.tsx';
import { Commands } from '../shell/Commands.tsx';
import { PageFrame } from '../shell/PageFrame.tsx';
import { KeptUnder } from './KeptUnder.tsx';
import { RecordDialog } from './RecordDialog.tsx';
import { RecordTable } from './RecordTable.tsx';

const NO_ITEM = { workspaceId: '', itemId: '' };

export function RecordsPage({ item }: { item?: ItemIds }) {
  const { records } = useServices();
  const announce = useAnnounce();
  const [edited, setEdited] = useState<Row | 'new'>();
  const { workspaceId, itemId } = item ?? NO_ITEM;
  const control = usePages(
    useCallback(
      async (pageToken: string, attempt: Attempt) => {
        const page = await records.readData({ workspaceId, itemId, pageToken }, attempt);
        return { entries: page.rows, next: page.nextPageToken };
      },
      [records, workspaceId, itemId],
    ),
  );
  const saved = (row: Row) => {
    control.change((rows) => withEntry(rows, row, (entry) => entry.rowId));
    setEdited(undefined);
    announce(`Record ${row.rowId} saved.`);
  };
  return (
    <PageFrame
      title="Records"
      purpose="Rows of JSON that only you can see. Reading takes the permission data.read, writing data.write."
    >
      <KeptUnder item={item} />
      <Commands label="Records commands">
        <Button appearance="primary" icon={<AddRegular />} onClick={() => setEdited('new')}>
          Add a record
        </Button>
        <Button icon={<ArrowClockwiseRegular />} onClick={control.reload}>
          Refresh
        </Button>
      </Commands>
      <PagedList
        control={control}
        plural="records"
        empty={
          <>
            No records are kept here yet.{' '}
            <Button size="small" onClick={() => setEdited('new')}>
              Add the first one
            </Button>
          </>
        }
      >
        {(rows) => <RecordTable rows={rows} onEdit={setEdited} />}
      </PagedList>
      {edited !== undefined && (
        <RecordDialog
          row={edited === 'new' ? undefined : edited}
          item={item}
          onSaved={saved}
          onClosed={() => setEdited(undefined)}
          onOutdated={() => {
            setEdited(undefined);
            control.reload();
          }}
        />
      )}
    </PageFrame>
  );
}
