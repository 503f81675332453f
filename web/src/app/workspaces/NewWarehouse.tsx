// Creates a warehouse and waits for Fabric, which takes its time.

import {
  Button,
  Field,
  Input,
  MessageBar,
  MessageBarBody,
  MessageBarTitle,
  Subtitle1,
  makeStyles,
  tokens,
} from '@fluentui/react-components';
import { useState, type FormEvent } from 'react';
import type { Warehouse } from '../../../gen/selvedge/data/v1/warehouse_service_pb';
import type { Workspace } from '../../../gen/selvedge/data/v1/workspace_service_pb';
import * as validation from '../forms/validation.ts';
import { useCommand } from '../loading/useCommand.ts';
import { ServiceRefusal } from '../refusal/ServiceRefusal.tsx';
import { useServices } from '../service/services.ts';
import { useAnnounce } from '../../accessibility/announcer.tsx';
import { Waiting } from './Waiting.tsx';

const useStyles = makeStyles({
  section: { display: 'flex', flexDirection: 'column', rowGap: tokens.spacingVerticalM },
  form: { display: 'flex', flexWrap: 'wrap', alignItems: 'start', gap: tokens.spacingHorizontalM },
  heading: { margin: 0 },
  name: { flexGrow: 1, minWidth: '220px' },
  description: { flexGrow: 2, minWidth: '280px' },
  // In line with the inputs, whose labels are above them.
  button: { marginTop: '26px' },
});

export function NewWarehouse({ workspace }: { workspace: Workspace }) {
  const styles = useStyles();
  const { warehouses } = useServices();
  const announce = useAnnounce();
  const command = useCommand();
  const [displayName, setDisplayName] = useState('');
  const [description, setDescription] = useState('');
  const [tried, setTried] = useState(false);
  const [created, setCreated] = useState<Warehouse>();
  const [isCanceled, setCanceled] = useState(false);
  const { workspaceId } = workspace;
  const nameProblem = validation.named(displayName, 128);
  const descriptionProblem = validation.limited(description, 256);

  const create = (event: FormEvent) => {
    event.preventDefault();
    setTried(true);
    if (nameProblem || descriptionProblem) return;
    setCreated(undefined);
    setCanceled(false);
    command.run(async (attempt) => {
      const { warehouse } = await warehouses.createWarehouse({ workspaceId, displayName, description }, attempt);
      setCreated(warehouse);
      setDisplayName('');
      setDescription('');
      setTried(false);
      announce(`Warehouse ${displayName} created.`);
    });
  };
  const cancel = () => {
    command.cancel();
    setCanceled(true);
    announce('No longer waiting for the warehouse.');
  };
  return (
    <section className={styles.section} aria-label={`New warehouse in ${workspace.displayName}`}>
      <Subtitle1 as="h2" className={styles.heading}>
        New warehouse in {workspace.displayName}
      </Subtitle1>
      <form className={styles.form} onSubmit={create} noValidate aria-label="New warehouse">
        <Field className={styles.name} label="Name" required validationMessage={tried ? nameProblem : undefined}>
          <Input value={displayName} onChange={(_, { value }) => setDisplayName(value)} />
        </Field>
        <Field
          className={styles.description}
          label="Description"
          validationMessage={tried ? descriptionProblem : undefined}
        >
          <Input value={description} onChange={(_, { value }) => setDescription(value)} />
        </Field>
        <Button type="submit" appearance="primary" className={styles.button} disabledFocusable={command.busy}>
          Create warehouse
        </Button>
      </form>
      {command.busy && <Waiting label="Fabric is creating the warehouse" onCanceled={cancel} />}
      {isCanceled && (
        <MessageBar layout="multiline">
          <MessageBarBody>
            <MessageBarTitle>No longer waiting</MessageBarTitle>
            Fabric may have begun already, and the warehouse may yet appear in the workspace.
          </MessageBarBody>
        </MessageBar>
      )}
      {command.refusal && (
        <ServiceRefusal refusal={command.refusal} again={command.again} busy={command.busy} />
      )}
      {created && (
        <MessageBar intent="success" layout="multiline">
          <MessageBarBody>
            <MessageBarTitle>{created.displayName} is ready</MessageBarTitle>
            Its ID is <code>{created.warehouseId}</code>.
          </MessageBarBody>
        </MessageBar>
      )}
    </section>
  );
}
