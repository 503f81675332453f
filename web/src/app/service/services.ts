// The clients of the service that pages call: one transport, whose calls carry the host's token and
// heal what a consent or a step-up can heal.

import { createContext, useContext } from 'react';
import { createClient, type Client } from '@connectrpc/connect';
import { createGrpcWebTransport } from '@connectrpc/connect-web';
import { healing, type TokenSource } from 'selvedge-challenge';
import { DataService } from '../../../gen/selvedge/data/v1/data_service_pb';
import { LakehouseService } from '../../../gen/selvedge/data/v1/lakehouse_service_pb';
import { ProfileService } from '../../../gen/selvedge/data/v1/profile_service_pb';
import { TaskService } from '../../../gen/selvedge/data/v1/task_service_pb';
import { WarehouseService } from '../../../gen/selvedge/data/v1/warehouse_service_pb';
import { WorkspaceService } from '../../../gen/selvedge/data/v1/workspace_service_pb';

// What an attempt of a call may take.
const CALL_MS = 30_000;
// Fabric creates a warehouse in its own time, and the call waits for it.
const CREATION_MS = 120_000;

export interface Services {
  url: string;
  tokens: TokenSource;
  records: Client<typeof DataService>;
  tasks: Client<typeof TaskService>;
  workspaces: Client<typeof WorkspaceService>;
  warehouses: Client<typeof WarehouseService>;
  lakehouse: Client<typeof LakehouseService>;
  profile: Client<typeof ProfileService>;
}

export function connect(url: string, tokens: TokenSource): Services {
  const within = (timeoutMs: number) =>
    createGrpcWebTransport({ baseUrl: url, interceptors: [healing(tokens, { timeoutMs })] });
  const transport = within(CALL_MS);
  return {
    url,
    tokens,
    records: createClient(DataService, transport),
    tasks: createClient(TaskService, transport),
    workspaces: createClient(WorkspaceService, transport),
    warehouses: createClient(WarehouseService, within(CREATION_MS)),
    lakehouse: createClient(LakehouseService, transport),
    profile: createClient(ProfileService, transport),
  };
}

export const ServicesContext = createContext<Services | undefined>(undefined);

export function useServices(): Services {
  const services = useContext(ServicesContext);
  if (!services) throw new Error('outside the shell');
  return services;
}
