// The tasks, each with its box to tick.

import { Button, Checkbox, Text, makeStyles, mergeClasses, tokens } from '@fluentui/react-components';
import { DeleteRegular } from '@fluentui/react-icons';
import type { Task } from '../../../gen/selvedge/data/v1/task_service_pb';
import { timeText } from '../shell/texts.ts';
import { useKeptFocus } from '../../accessibility/useKeptFocus.ts';

const useStyles = makeStyles({
  list: { margin: 0, padding: 0, listStyleType: 'none' },
  task: {
    display: 'grid',
    gridTemplateColumns: 'minmax(0, 1fr) auto auto',
    alignItems: 'center',
    columnGap: tokens.spacingHorizontalM,
    padding: `${tokens.spacingVerticalXS} 0`,
    borderBottom: `${tokens.strokeWidthThin} solid ${tokens.colorNeutralStroke2}`,
  },
  title: { color: tokens.colorNeutralForeground1, overflowWrap: 'anywhere' },
  done: { textDecorationLine: 'line-through', color: tokens.colorNeutralForeground2 },
  description: {
    // Below the title, right of the box.
    marginLeft: '36px',
    color: tokens.colorNeutralForeground2,
    overflowWrap: 'anywhere',
    whiteSpace: 'pre-wrap',
  },
  time: { color: tokens.colorNeutralForeground2 },
});

interface TaskListProps {
  tasks: readonly Task[];
  busy: boolean;
  onCompleted: (task: Task, completed: boolean) => void;
  onDeleted: (task: Task) => void;
}

export function TaskList({ tasks, ...item }: TaskListProps) {
  const styles = useStyles();
  return (
    <ul className={styles.list} aria-label="Tasks">
      {tasks.map((task) => (
        <TaskItem key={task.taskId} task={task} {...item} />
      ))}
    </ul>
  );
}

function TaskItem({ task, busy, onCompleted, onDeleted }: Omit<TaskListProps, 'tasks'> & { task: Task }) {
  const styles = useStyles();
  const { title, description, completed, updateTime } = task;
  return (
    <li ref={useKeptFocus<HTMLLIElement>()} className={styles.task}>
      <div>
        <Checkbox
          checked={completed}
          label={<span className={mergeClasses(styles.title, completed && styles.done)}>{title}</span>}
          onChange={() => busy || onCompleted(task, !completed)}
        />
        {description !== '' && (
          <Text block size={200} className={styles.description}>
            {description}
          </Text>
        )}
      </div>
      <Text size={200} className={styles.time}>
        {timeText(updateTime)}
      </Text>
      <Button
        appearance="subtle"
        icon={<DeleteRegular />}
        aria-label={`Delete ${title}`}
        disabledFocusable={busy}
        onClick={() => onDeleted(task)}
      />
    </li>
  );
}
