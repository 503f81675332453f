// The records as a table.

import {
  Button,
  Table,
  TableBody,
  TableCell,
  TableHeader,
  TableHeaderCell,
  TableRow,
  makeStyles,
  tokens,
} from '@fluentui/react-components';
import { EditRegular } from '@fluentui/react-icons';
import type { Row } from '../../../gen/selvedge/data/v1/data_service_pb';
import { timeText } from '../shell/texts.ts';
import { textOf } from './json.ts';

const useStyles = makeStyles({
  table: { tableLayout: 'fixed' },
  content: {
    display: 'block',
    fontFamily: tokens.fontFamilyMonospace,
    fontSize: tokens.fontSizeBase200,
    overflow: 'hidden',
    textOverflow: 'ellipsis',
    whiteSpace: 'nowrap',
  },
  id: { overflowWrap: 'anywhere' },
  idColumn: { width: '30%' },
  timeColumn: { width: '180px' },
  actionColumn: { width: '64px' },
});

export function RecordTable({ rows, onEdit }: { rows: readonly Row[]; onEdit: (row: Row) => void }) {
  const styles = useStyles();
  return (
    <Table aria-label="Records" className={styles.table}>
      <TableHeader>
        <TableRow>
          <TableHeaderCell className={styles.idColumn}>ID</TableHeaderCell>
          <TableHeaderCell>JSON</TableHeaderCell>
          <TableHeaderCell className={styles.timeColumn}>Last written</TableHeaderCell>
          <TableHeaderCell className={styles.actionColumn}>Edit</TableHeaderCell>
        </TableRow>
      </TableHeader>
      <TableBody>
        {rows.map((row) => (
          <TableRow key={row.rowId}>
            <TableCell className={styles.id}>{row.rowId}</TableCell>
            <TableCell>
              <code className={styles.content}>{textOf(row.json)}</code>
            </TableCell>
            <TableCell>{timeText(row.updateTime)}</TableCell>
            <TableCell>
              <Button
                appearance="subtle"
                icon={<EditRegular />}
                aria-label={`Edit record ${row.rowId}`}
                onClick={() => onEdit(row)}
              />
            </TableCell>
          </TableRow>
        ))}
      </TableBody>
    </Table>
  );
}
