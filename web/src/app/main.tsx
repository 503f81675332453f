// The front end's entry. Fabric loads it twice: into a worker frame, which answers actions, and into
// a page frame, which shows a page. Anywhere else it says where to open it.

import { bootstrap, createWorkloadClient, type InitParams } from '@ms-fabric/workload-client';
import { createRoot } from 'react-dom/client';
import { isFramed } from './host/framed.ts';
import { initializeTab } from './host/tab.ts';
import { initializeWorker } from './host/worker.ts';
import { createRouter } from './routing/router.ts';
import { App } from './shell/App.tsx';
import { StandAlone } from './shell/StandAlone.tsx';

if (isFramed(window)) {
  void bootstrap({ initializeWorker, initializeUI });
} else {
  root().render(<StandAlone />);
}

async function initializeUI({ bootstrapPath }: InitParams): Promise<void> {
  const client = createWorkloadClient();
  initializeTab(client);
  root().render(<App client={client} router={createRouter(client, bootstrapPath)} />);
}

function root() {
  const element = document.getElementById('root');
  if (!element) throw new Error('the page has no root element');
  return createRoot(element);
}
