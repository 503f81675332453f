// The files and tables of a lakehouse. Which one is the page's address, so that it outlives a reload.

import type { FilesRoute } from '../routing/route.ts';
import { LinkBar } from '../shell/LinkBar.tsx';
import { PageFrame } from '../shell/PageFrame.tsx';
import { FolderPanel } from './FolderPanel.tsx';
import { LakehouseForm } from './LakehouseForm.tsx';
import type { Lakehouse } from './path.ts';
import { TablesPanel } from './TablesPanel.tsx';

export function FilesPage({ route }: { route: FilesRoute }) {
  const { workspaceId, lakehouseId } = route;
  return (
    <PageFrame
      title="Files"
      purpose="The files and tables of a lakehouse, read and written in OneLake on your behalf."
    >
      <LakehouseForm workspaceId={workspaceId} lakehouseId={lakehouseId} />
      {workspaceId && lakehouseId && <Contents route={route} lakehouse={{ workspaceId, lakehouseId }} />}
    </PageFrame>
  );
}

function Contents({ route, lakehouse }: { route: FilesRoute; lakehouse: Lakehouse }) {
  const { folder, tables = false } = route;
  const files: FilesRoute = { page: 'files', ...lakehouse, folder: '' };
  return (
    <>
      <LinkBar
        label="Contents of the lakehouse"
        links={[
          { title: 'Files', route: files, isCurrent: !tables },
          { title: 'Tables', route: { ...files, tables: true }, isCurrent: tables },
        ]}
      />
      {tables ? <TablesPanel lakehouse={lakehouse} /> : <FolderPanel lakehouse={lakehouse} folder={folder} />}
    </>
  );
}
