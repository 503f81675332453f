// The files and tables of a lakehouse. Which one is the page's address, so that it outlives a reload.

import { Tab, TabList } from '@fluentui/react-components';
import { useState } from 'react';
import { PageFrame } from '../shell/PageFrame.tsx';
import { FolderPanel } from './FolderPanel.tsx';
import { LakehouseForm } from './LakehouseForm.tsx';
import type { Lakehouse } from './path.ts';
import { TablesPanel } from './TablesPanel.tsx';

interface FilesPageProps {
  workspaceId?: string;
  lakehouseId?: string;
  folder: string;
}

export function FilesPage({ workspaceId, lakehouseId, folder }: FilesPageProps) {
  return (
    <PageFrame
      title="Files"
      purpose="The files and tables of a lakehouse, read and written in OneLake on your behalf."
    >
      <LakehouseForm workspaceId={workspaceId} lakehouseId={lakehouseId} />
      {workspaceId && lakehouseId && <Contents lakehouse={{ workspaceId, lakehouseId }} folder={folder} />}
    </PageFrame>
  );
}

type Part = 'files' | 'tables';

function Contents({ lakehouse, folder }: { lakehouse: Lakehouse; folder: string }) {
  const [part, setPart] = useState<Part>('files');
  return (
    <>
      <TabList
        aria-label="Contents of the lakehouse"
        selectedValue={part}
        onTabSelect={(_, { value }) => setPart(value === 'tables' ? 'tables' : 'files')}
      >
        <Tab id="files-tab" value="files" aria-controls={part === 'files' ? 'files-panel' : undefined}>
          Files
        </Tab>
        <Tab id="tables-tab" value="tables" aria-controls={part === 'tables' ? 'tables-panel' : undefined}>
          Tables
        </Tab>
      </TabList>
      <div role="tabpanel" id={`${part}-panel`} aria-labelledby={`${part}-tab`}>
        {part === 'files' ? (
          <FolderPanel lakehouse={lakehouse} folder={folder} />
        ) : (
          <TablesPanel lakehouse={lakehouse} />
        )}
      </div>
    </>
  );
}
