// Adds a record, or changes one if nobody has changed it since it was read.

import {
  Button,
  Dialog,
  DialogActions,
  DialogBody,
  DialogContent,
  DialogSurface,
  DialogTitle,
  Field,
  Input,
  Textarea,
  makeStyles,
  tokens,
} from '@fluentui/react-components';
import { useState, type FormEvent } from 'react';
import type { Row } from '../../../gen/selvedge/data/v1/data_service_pb';
import * as validation from '../forms/validation.ts';
import { useCommand } from '../loading/useCommand.ts';
import { ServiceRefusal } from '../refusal/ServiceRefusal.tsx';
import type { ItemIds } from '../routing/route.ts';
import { useServices } from '../service/services.ts';
import { useReturnedFocus } from '../shell/useReturnedFocus.ts';
import { bytesOf, textOf } from './json.ts';

const useStyles = makeStyles({
  fields: { display: 'flex', flexDirection: 'column', rowGap: tokens.spacingVerticalM },
  json: { fontFamily: tokens.fontFamilyMonospace, height: '200px', maxHeight: '50vh' },
});

interface RecordDialogProps {
  // Undefined: a new one.
  row?: Row;
  item?: ItemIds;
  onSaved: (row: Row) => void;
  onClosed: () => void;
  onOutdated: () => void;
}

export function RecordDialog({ row, item, onSaved, onClosed, onOutdated }: RecordDialogProps) {
  useReturnedFocus();
  const styles = useStyles();
  const { records } = useServices();
  const command = useCommand();
  const [rowId, setRowId] = useState(row?.rowId ?? '');
  const [json, setJson] = useState(row ? textOf(row.json) : '');
  const [tried, setTried] = useState(false);
  const idProblem = validation.rowId(rowId);
  const jsonProblem = validation.jsonValue(json);

  const save = (event: FormEvent) => {
    event.preventDefault();
    setTried(true);
    if (idProblem || jsonProblem) return;
    command.run(async (attempt) => {
      const written = { rowId, json: bytesOf(json), etag: row?.etag ?? '' };
      const answer = await records.writeData({ ...item, rows: [written] }, attempt);
      // The answer has a row for each that was written.
      const [kept] = answer.rows;
      if (kept) onSaved(kept);
    });
  };
  return (
    <Dialog open onOpenChange={(_, { open }) => open || onClosed()}>
      <DialogSurface>
        <form onSubmit={save} noValidate>
          <DialogBody>
            <DialogTitle>{row ? 'Edit a record' : 'Add a record'}</DialogTitle>
            <DialogContent className={styles.fields}>
              {command.refusal && (
                <ServiceRefusal
                  refusal={command.refusal}
                  again={command.again}
                  busy={command.busy}
                  reload={onOutdated}
                />
              )}
              <Field
                label="Record ID"
                hint={row ? undefined : 'Leave it empty for a new one, or name the record to replace.'}
                validationMessage={tried ? idProblem : undefined}
              >
                <Input value={rowId} readOnly={row !== undefined} onChange={(_, { value }) => setRowId(value)} />
              </Field>
              <Field label="JSON" required validationMessage={tried ? jsonProblem : undefined}>
                <Textarea
                  value={json}
                  onChange={(_, { value }) => setJson(value)}
                  textarea={{ className: styles.json, spellCheck: false }}
                />
              </Field>
            </DialogContent>
            <DialogActions>
              <Button type="submit" appearance="primary" disabledFocusable={command.busy}>
                {command.busy ? 'Saving' : 'Save'}
              </Button>
              <Button onClick={onClosed}>Cancel</Button>
            </DialogActions>
          </DialogBody>
        </form>
      </DialogSurface>
    </Dialog>
  );
}
