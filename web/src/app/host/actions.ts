// What an action of the workload's manifest opens.

import { isGuid, pathOf, type Route } from '../routing/route.ts';

const PAGES: Record<string, Route> = {
  open: { page: 'home' },
  'open.records': { page: 'records' },
  'open.tasks': { page: 'tasks' },
  'open.workspaces': { page: 'workspaces' },
  'open.files': { page: 'files', folder: '' },
  'open.authentication': { page: 'authentication' },
};

// An action on an item opens the records kept under it.
export function pathForAction(action: string, data: unknown): string | undefined {
  if (action === 'open.item') {
    const item = itemOf(data);
    return item && pathOf({ page: 'records', item });
  }
  const page = Object.hasOwn(PAGES, action) ? PAGES[action] : undefined;
  return page && pathOf(page);
}

function itemOf(data: unknown): { workspaceId: string; itemId: string } | undefined {
  const { item } = (data ?? {}) as { item?: { objectId?: unknown; folderObjectId?: unknown } };
  const { objectId: itemId, folderObjectId: workspaceId } = item ?? {};
  if (typeof itemId !== 'string' || typeof workspaceId !== 'string') return undefined;
  return isGuid(itemId) && isGuid(workspaceId) ? { workspaceId, itemId } : undefined;
}
