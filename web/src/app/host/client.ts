// The workload client of this frame, for pages that ask the host for something themselves.

import { createContext, useContext } from 'react';
import type { WorkloadClientAPI } from '@ms-fabric/workload-client';

export const HostContext = createContext<WorkloadClientAPI | undefined>(undefined);

export function useHost(): WorkloadClientAPI {
  const client = useContext(HostContext);
  if (!client) throw new Error('outside the shell');
  return client;
}
