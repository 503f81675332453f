// The user's own tasks: add, complete, delete.

import { Button } from '@fluentui/react-components';
import { ArrowClockwiseRegular } from '@fluentui/react-icons';
import { useCallback } from 'react';
import type { Task } from '../../../gen/selvedge/data/v1/task_service_pb';
import type { Attempt } from '../loading/attempt.ts';
import { PagedList } from '../loading/PagedList.tsx';
import { withEntry, withoutEntry } from '../loading/pages.ts';
import { useCommand } from '../loading/useCommand.ts';
import { usePages } from '../loading/usePages.ts';
import { ServiceRefusal } from '../refusal/ServiceRefusal.tsx';
import { useServices } from '../service/services.ts';
import { useAnnounce } from '../../accessibility/announcer.tsx';
import { Commands } from '../shell/Commands.tsx';
import { PageFrame } from '../shell/PageFrame.tsx';
import { NewTask } from './NewTask.tsx';
import { TaskList } from './TaskList.tsx';

const PAGE_SIZE = 20;
const idOf = ({ taskId }: Task) => taskId;

export function TasksPage() {
  const { tasks } = useServices();
  const announce = useAnnounce();
  const command = useCommand();
  const control = usePages(
    useCallback(
      async (pageToken: string, attempt: Attempt) => {
        const page = await tasks.listTasks({ pageSize: PAGE_SIZE, pageToken }, attempt);
        return { entries: page.tasks, next: page.nextPageToken };
      },
      [tasks],
    ),
  );
  const keep = (task: Task) => control.change((entries) => withEntry(entries, task, idOf));

  const complete = (task: Task, completed: boolean) =>
    command.run(async (attempt) => {
      // The box is ticked at once, and as it was again if the service refuses.
      keep({ ...task, completed });
      const { taskId, etag, title } = task;
      const change = { task: { taskId, etag, completed }, updateMask: { paths: ['completed'] } };
      try {
        const { task: changed } = await tasks.updateTask(change, attempt);
        if (changed) keep(changed);
      } catch (error) {
        keep(task);
        throw error;
      }
      announce(`${title}: ${completed ? 'done' : 'to do'}.`);
    });
  const remove = ({ taskId, etag, title }: Task) =>
    command.run(async (attempt) => {
      await tasks.deleteTask({ taskId, etag }, attempt);
      control.change((entries) => withoutEntry(entries, taskId, idOf));
      announce(`${title} deleted.`);
    });
  return (
    <PageFrame title="Tasks" purpose="Things to do that only you can see. They take the permission access_as_user.">
      <NewTask onCreated={keep} />
      <Commands label="Tasks commands">
        <Button icon={<ArrowClockwiseRegular />} onClick={control.reload}>
          Refresh
        </Button>
      </Commands>
      {command.refusal && (
        <ServiceRefusal
          refusal={command.refusal}
          again={command.again}
          busy={command.busy}
          reload={() => {
            command.clear();
            control.reload();
          }}
        />
      )}
      <PagedList control={control} plural="tasks" empty="Nothing to do.">
        {(entries) => (
          <TaskList tasks={entries} busy={command.busy} onCompleted={complete} onDeleted={remove} />
        )}
      </PagedList>
    </PageFrame>
  );
}
