// The tables of a lakehouse.

import {
  Table,
  TableBody,
  TableCell,
  TableHeader,
  TableHeaderCell,
  TableRow,
  makeStyles,
  tokens,
} from '@fluentui/react-components';
import { useCallback } from 'react';
import type { Attempt } from '../loading/attempt.ts';
import { PagedList } from '../loading/PagedList.tsx';
import { usePages } from '../loading/usePages.ts';
import { useServices } from '../service/services.ts';
import type { Lakehouse } from './path.ts';

const useStyles = makeStyles({
  panel: { display: 'flex', flexDirection: 'column', rowGap: tokens.spacingVerticalL },
});

export function TablesPanel({ lakehouse: { workspaceId, lakehouseId } }: { lakehouse: Lakehouse }) {
  const styles = useStyles();
  const { lakehouse } = useServices();
  const control = usePages(
    useCallback(
      async (_: string, attempt: Attempt) => {
        // All of them come at once.
        const { tables } = await lakehouse.listTables({ workspaceId, lakehouseId }, attempt);
        return { entries: tables, next: '' };
      },
      [lakehouse, workspaceId, lakehouseId],
    ),
  );
  return (
    <div className={styles.panel}>
      <PagedList control={control} plural="tables" empty="This lakehouse has no tables.">
        {(tables) => (
          <Table aria-label="Tables">
            <TableHeader>
              <TableRow>
                <TableHeaderCell>Name</TableHeaderCell>
                <TableHeaderCell>Schema</TableHeaderCell>
                <TableHeaderCell>Path</TableHeaderCell>
              </TableRow>
            </TableHeader>
            <TableBody>
              {tables.map(({ name, schema, path }) => (
                <TableRow key={path}>
                  <TableCell>{name}</TableCell>
                  <TableCell>{schema}</TableCell>
                  <TableCell>
                    <code>{path}</code>
                  </TableCell>
                </TableRow>
              ))}
            </TableBody>
          </Table>
        )}
      </PagedList>
    </div>
  );
}
