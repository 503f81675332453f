// Which lakehouse: picked in the host's own dialog, or by its ids.

import { Button, Field, Input, MessageBar, MessageBarBody, makeStyles, tokens } from '@fluentui/react-components';
import { useState, type FormEvent } from 'react';
import { guid } from '../forms/validation.ts';
import { useHost } from '../host/client.ts';
import { RouteLink } from '../routing/RouteLink.tsx';
import { useRouter } from '../routing/router.ts';

const useStyles = makeStyles({
  form: { display: 'flex', flexWrap: 'wrap', alignItems: 'start', gap: tokens.spacingHorizontalM },
  id: { minWidth: '320px' },
  // In line with the inputs, whose labels are above them.
  button: { marginTop: '26px' },
});

export function LakehouseForm(given: { workspaceId?: string; lakehouseId?: string }) {
  const styles = useStyles();
  const router = useRouter();
  const host = useHost();
  const [workspaceId, setWorkspaceId] = useState(given.workspaceId ?? '');
  const [lakehouseId, setLakehouseId] = useState(given.lakehouseId ?? '');
  const [tried, setTried] = useState(false);
  const [hasPicker, setHasPicker] = useState(true);

  const show = (event: FormEvent) => {
    event.preventDefault();
    setTried(true);
    if (guid(workspaceId) || guid(lakehouseId)) return;
    router.go({ page: 'files', workspaceId, lakehouseId, folder: '' });
  };
  const pick = async () => {
    try {
      const { selectedDatahubItem } = await host.datahub.openDialog({
        supportedTypes: ['Lakehouse'],
        multiSelectionEnabled: false,
        dialogDescription: 'Choose the lakehouse whose files to show.',
        hostDetails: { experience: 'Selvedge', scenario: 'Show the files of a lakehouse' },
      });
      const [item] = selectedDatahubItem ?? [];
      if (!item) return;
      const { workspaceObjectId, itemObjectId } = item;
      router.go({ page: 'files', workspaceId: workspaceObjectId, lakehouseId: itemObjectId, folder: '' });
    } catch {
      setHasPicker(false);
    }
  };
  return (
    <>
      <form className={styles.form} onSubmit={show} noValidate aria-label="Which lakehouse">
        <Field
          className={styles.id}
          label="Workspace ID"
          required
          hint={<RouteLink to={{ page: 'workspaces' }}>Find a workspace</RouteLink>}
          validationMessage={tried ? guid(workspaceId) : undefined}
        >
          <Input value={workspaceId} onChange={(_, { value }) => setWorkspaceId(value.trim())} />
        </Field>
        <Field
          className={styles.id}
          label="Lakehouse ID"
          required
          hint="The last ID in the lakehouse's address in Fabric."
          validationMessage={tried ? guid(lakehouseId) : undefined}
        >
          <Input value={lakehouseId} onChange={(_, { value }) => setLakehouseId(value.trim())} />
        </Field>
        <Button type="submit" appearance="primary" className={styles.button}>
          Open
        </Button>
        <Button className={styles.button} onClick={() => void pick()}>
          Choose in Fabric
        </Button>
      </form>
      {!hasPicker && (
        <MessageBar>
          <MessageBarBody>This host has no dialog to choose a lakehouse in. Enter the IDs instead.</MessageBarBody>
        </MessageBar>
      )}
    </>
  );
}
