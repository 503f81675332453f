// The files and folders of a folder as a table.

import {
  Button,
  Table,
  TableBody,
  TableCell,
  TableCellLayout,
  TableHeader,
  TableHeaderCell,
  TableRow,
  makeStyles,
} from '@fluentui/react-components';
import { ArrowDownloadRegular, DeleteRegular, DocumentRegular, FolderRegular } from '@fluentui/react-icons';
import type { File as StoredFile } from '../../../gen/selvedge/data/v1/lakehouse_service_pb';
import { RouteLink } from '../routing/RouteLink.tsx';
import { sizeText, timeText } from '../shell/texts.ts';
import { nameOf, type Lakehouse } from './path.ts';

const useStyles = makeStyles({
  name: { width: '50%' },
  actions: { width: '96px' },
});

interface FileTableProps {
  files: readonly StoredFile[];
  lakehouse: Lakehouse;
  onDownload: (file: StoredFile) => void;
  onDelete: (file: StoredFile) => void;
}

export function FileTable({ files, lakehouse, onDownload, onDelete }: FileTableProps) {
  const styles = useStyles();
  return (
    <Table aria-label="Files">
      <TableHeader>
        <TableRow>
          <TableHeaderCell className={styles.name}>Name</TableHeaderCell>
          <TableHeaderCell>Size</TableHeaderCell>
          <TableHeaderCell>Last written</TableHeaderCell>
          <TableHeaderCell className={styles.actions}>Actions</TableHeaderCell>
        </TableRow>
      </TableHeader>
      <TableBody>
        {files.map((file) => (
          <TableRow key={file.path}>
            <TableCell>
              <TableCellLayout truncate media={file.isFolder ? <FolderRegular /> : <DocumentRegular />}>
                {file.isFolder ? (
                  <RouteLink to={{ page: 'files', ...lakehouse, folder: file.path }}>{nameOf(file.path)}</RouteLink>
                ) : (
                  nameOf(file.path)
                )}
              </TableCellLayout>
            </TableCell>
            <TableCell>{file.isFolder ? '' : sizeText(Number(file.sizeBytes))}</TableCell>
            <TableCell>{timeText(file.updateTime)}</TableCell>
            <TableCell>
              {!file.isFolder && (
                <Button
                  appearance="subtle"
                  icon={<ArrowDownloadRegular />}
                  aria-label={`Download ${nameOf(file.path)}`}
                  onClick={() => onDownload(file)}
                />
              )}
              <Button
                appearance="subtle"
                icon={<DeleteRegular />}
                aria-label={`Delete ${nameOf(file.path)}`}
                onClick={() => onDelete(file)}
              />
            </TableCell>
          </TableRow>
        ))}
      </TableBody>
    </Table>
  );
}
