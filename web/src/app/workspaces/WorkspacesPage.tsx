// The workspaces that Fabric shows the user, and the making of a warehouse in one of them.

import { Button } from '@fluentui/react-components';
import { ArrowClockwiseRegular } from '@fluentui/react-icons';
import { PagedList } from '../loading/PagedList.tsx';
import { useRouter } from '../routing/router.ts';
import { Commands } from '../shell/Commands.tsx';
import { PageFrame } from '../shell/PageFrame.tsx';
import { NewWarehouse } from './NewWarehouse.tsx';
import { useWorkspaces } from './useWorkspaces.ts';
import { WorkspaceTable } from './WorkspaceTable.tsx';

export function WorkspacesPage({ workspaceId }: { workspaceId?: string }) {
  const router = useRouter();
  const control = useWorkspaces();
  const chosen = control.pages.entries.find((workspace) => workspace.workspaceId === workspaceId);
  return (
    <PageFrame
      title="Workspaces"
      purpose="The workspaces that Fabric shows you, read on your behalf. Choose one to create a warehouse in it."
    >
      <Commands label="Workspaces commands">
        <Button icon={<ArrowClockwiseRegular />} onClick={control.reload}>
          Refresh
        </Button>
      </Commands>
      <PagedList control={control} plural="workspaces" empty="Fabric shows you no workspaces.">
        {(workspaces) => (
          <WorkspaceTable
            workspaces={workspaces}
            chosen={workspaceId}
            onChosen={(id) => router.go({ page: 'workspaces', workspaceId: id })}
          />
        )}
      </PagedList>
      {chosen && <NewWarehouse key={chosen.workspaceId} workspace={chosen} />}
    </PageFrame>
  );
}
