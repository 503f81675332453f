// What Fabric asks of a page that it shows as an item's tab. Nothing here waits to be saved: the tab
// can be left and closed at any time.

import type { WorkloadClientAPI } from '@ms-fabric/workload-client';

export function initializeTab(client: WorkloadClientAPI): void {
  client.action.onAction(async ({ action }) => {
    switch (action) {
      case 'item.tab.onInit':
        return { title: 'Selvedge' };
      case 'item.tab.canDeactivate':
        return { canDeactivate: true };
      case 'item.tab.canDestroy':
        return { canDestroy: true };
      case 'item.tab.onDeactivate':
      case 'item.tab.onDestroy':
      case 'item.tab.onDelete':
        return {};
      default:
        // A plain object: an Error would reach the host without its message.
        throw { code: 'UnknownAction', action };
    }
  });
}
