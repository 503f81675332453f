// Which records are shown: those kept under no item, or under an item of a workspace. The choice is
// the page's address, so that it outlives a reload.

import { Button, Field, Input, makeStyles, tokens } from '@fluentui/react-components';
import { useState, type FormEvent } from 'react';
import { guid } from '../forms/validation.ts';
import type { ItemIds } from '../routing/route.ts';
import { useRouter } from '../routing/router.ts';

const useStyles = makeStyles({
  form: {
    display: 'flex',
    flexWrap: 'wrap',
    alignItems: 'start',
    gap: tokens.spacingHorizontalM,
  },
  id: { minWidth: '320px' },
  // In line with the inputs, whose labels are above them.
  button: { marginTop: '26px' },
});

export function KeptUnder({ item }: { item?: ItemIds }) {
  const styles = useStyles();
  const router = useRouter();
  const [workspaceId, setWorkspaceId] = useState(item?.workspaceId ?? '');
  const [itemId, setItemId] = useState(item?.itemId ?? '');
  const [tried, setTried] = useState(false);
  const none = workspaceId === '' && itemId === '';
  const problem = (id: string) => (tried && !none ? guid(id) : undefined);

  const show = (event: FormEvent) => {
    event.preventDefault();
    setTried(true);
    if (none) router.go({ page: 'records' });
    else if (!guid(workspaceId) && !guid(itemId)) {
      router.go({ page: 'records', item: { workspaceId, itemId } });
    }
  };
  return (
    <form className={styles.form} onSubmit={show} noValidate aria-label="Which records">
      <Field className={styles.id} label="Workspace ID" validationMessage={problem(workspaceId)}>
        <Input value={workspaceId} onChange={(_, { value }) => setWorkspaceId(value.trim())} />
      </Field>
      <Field className={styles.id} label="Item ID" validationMessage={problem(itemId)}>
        <Input value={itemId} onChange={(_, { value }) => setItemId(value.trim())} />
      </Field>
      <Button type="submit" className={styles.button}>
        Show records
      </Button>
    </form>
  );
}
