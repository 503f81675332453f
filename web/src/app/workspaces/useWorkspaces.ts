// The user's workspaces, page by page.

import { useCallback } from 'react';
import type { Workspace } from '../../../gen/selvedge/data/v1/workspace_service_pb';
import type { Attempt } from '../loading/attempt.ts';
import { usePages, type PagesControl } from '../loading/usePages.ts';
import { useServices } from '../service/services.ts';

export function useWorkspaces(): PagesControl<Workspace> {
  const { workspaces } = useServices();
  return usePages(
    useCallback(
      async (pageToken: string, attempt: Attempt) => {
        const page = await workspaces.listWorkspaces({ pageToken }, attempt);
        return { entries: page.workspaces, next: page.nextPageToken };
      },
      [workspaces],
    ),
  );
}
