import { bootstrap } from '@ms-fabric/workload-client';

void bootstrap({
  initializeWorker: async () => {},
  initializeUI: async () => {},
});
