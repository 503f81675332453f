// The workspaces as a table, of which one can be chosen.

import {
  Radio,
  RadioGroup,
  Table,
  TableBody,
  TableCell,
  TableHeader,
  TableHeaderCell,
  TableRow,
  Text,
  makeStyles,
  tokens,
} from '@fluentui/react-components';
import type { Workspace } from '../../../gen/selvedge/data/v1/workspace_service_pb';
import { RouteLink } from '../routing/RouteLink.tsx';

const useStyles = makeStyles({
  name: { color: tokens.colorNeutralForeground1, overflowWrap: 'anywhere' },
  // Below the name, right of the circle.
  description: { marginLeft: '36px', paddingBottom: tokens.spacingVerticalS, color: tokens.colorNeutralForeground2 },
  quiet: { color: tokens.colorNeutralForeground2 },
  linkColumn: { width: '160px' },
  group: { display: 'block' },
});

interface WorkspaceTableProps {
  workspaces: readonly Workspace[];
  chosen?: string;
  onChosen: (workspaceId: string) => void;
}

export function WorkspaceTable({ workspaces, chosen, onChosen }: WorkspaceTableProps) {
  const styles = useStyles();
  return (
    <RadioGroup
      className={styles.group}
      aria-label="Workspace"
      value={chosen ?? ''}
      onChange={(_, { value }) => onChosen(value)}
    >
      <Table aria-label="Workspaces">
        <TableHeader>
          <TableRow>
            <TableHeaderCell>Workspace</TableHeaderCell>
            <TableHeaderCell>Type</TableHeaderCell>
            <TableHeaderCell>Capacity</TableHeaderCell>
            <TableHeaderCell className={styles.linkColumn}>Lakehouses</TableHeaderCell>
          </TableRow>
        </TableHeader>
        <TableBody>
          {workspaces.map((workspace) => (
            <WorkspaceRow key={workspace.workspaceId} workspace={workspace} />
          ))}
        </TableBody>
      </Table>
    </RadioGroup>
  );
}

function WorkspaceRow({ workspace }: { workspace: Workspace }) {
  const styles = useStyles();
  const { workspaceId, displayName, description, type, capacityId } = workspace;
  return (
    <TableRow>
      <TableCell>
        <Radio value={workspaceId} label={<span className={styles.name}>{displayName}</span>} />
        {description !== '' && (
          <Text block size={200} className={styles.description}>
            {description}
          </Text>
        )}
      </TableCell>
      <TableCell>{type}</TableCell>
      <TableCell>{capacityId === '' ? <Text className={styles.quiet}>None</Text> : 'Fabric capacity'}</TableCell>
      <TableCell>
        <RouteLink to={{ page: 'files', workspaceId, folder: '' }} label={`Files in ${displayName}`}>
          Files
        </RouteLink>
      </TableCell>
    </TableRow>
  );
}
