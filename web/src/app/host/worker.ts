// The worker frame: answers the actions that the host raises from the workload's cards and menus, by
// opening the page that belongs to each. Every action is answered; the host would wait for ever.

import { createWorkloadClient } from '@ms-fabric/workload-client';
import { pathForAction } from './actions.ts';

export async function initializeWorker(): Promise<void> {
  const client = createWorkloadClient();
  client.action.onAction(async ({ action, data, workloadName }) => {
    const path = pathForAction(action, data);
    // A plain object: an Error would reach the host without its message.
    if (path === undefined) throw { code: 'UnknownAction', action };
    await client.page.open({ workloadName, route: { path } });
    return { path };
  });
}
