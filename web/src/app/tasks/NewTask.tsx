// Adds a task.

import { Button, Field, Input, makeStyles, tokens } from '@fluentui/react-components';
import { useRef, useState, type FormEvent } from 'react';
import type { Task } from '../../../gen/selvedge/data/v1/task_service_pb';
import * as validation from '../forms/validation.ts';
import { useCommand } from '../loading/useCommand.ts';
import { ServiceRefusal } from '../refusal/ServiceRefusal.tsx';
import { useServices } from '../service/services.ts';
import { useAnnounce } from '../../accessibility/announcer.tsx';

const useStyles = makeStyles({
  form: { display: 'flex', flexWrap: 'wrap', alignItems: 'start', gap: tokens.spacingHorizontalM },
  title: { flexGrow: 1, minWidth: '220px' },
  description: { flexGrow: 2, minWidth: '280px' },
  // In line with the inputs, whose labels are above them.
  button: { marginTop: '26px' },
});

export function NewTask({ onCreated }: { onCreated: (task: Task) => void }) {
  const styles = useStyles();
  const { tasks } = useServices();
  const announce = useAnnounce();
  const command = useCommand();
  const first = useRef<HTMLInputElement>(null);
  const [title, setTitle] = useState('');
  const [description, setDescription] = useState('');
  const [tried, setTried] = useState(false);
  const titleProblem = validation.named(title, 256);
  const descriptionProblem = validation.limited(description, 4096);

  const create = (event: FormEvent) => {
    event.preventDefault();
    setTried(true);
    if (titleProblem || descriptionProblem) return;
    command.run(async (attempt) => {
      const { task } = await tasks.createTask({ task: { title, description } }, attempt);
      if (task) onCreated(task);
      setTitle('');
      setDescription('');
      setTried(false);
      announce(`${title} added.`);
      first.current?.focus();
    });
  };
  return (
    <>
      <form className={styles.form} onSubmit={create} noValidate aria-label="New task">
        <Field className={styles.title} label="Task" required validationMessage={tried ? titleProblem : undefined}>
          <Input ref={first} value={title} onChange={(_, { value }) => setTitle(value)} />
        </Field>
        <Field
          className={styles.description}
          label="Description"
          validationMessage={tried ? descriptionProblem : undefined}
        >
          <Input value={description} onChange={(_, { value }) => setDescription(value)} />
        </Field>
        <Button type="submit" appearance="primary" className={styles.button} disabledFocusable={command.busy}>
          {command.busy ? 'Adding' : 'Add task'}
        </Button>
      </form>
      {command.refusal && (
        <ServiceRefusal refusal={command.refusal} again={command.again} busy={command.busy} />
      )}
    </>
  );
}
