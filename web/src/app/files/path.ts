// Paths below a lakehouse's `Files` folder, and where the service's REST face has them.

export interface Lakehouse {
  workspaceId: string;
  lakehouseId: string;
}

export function nameOf(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}

export function within(folder: string, name: string): string {
  return folder === '' ? name : `${folder}/${name}`;
}

// The folders that lead to `folder`, from the outermost to itself.
export function trail(folder: string): string[] {
  if (folder === '') return [];
  const names = folder.split('/');
  return names.map((_, at) => names.slice(0, at + 1).join('/'));
}

// The address to upload to: every segment is encoded by itself, so that a name may have any character
// and the slashes stay slashes.
export function uploadUrl(service: string, { workspaceId, lakehouseId }: Lakehouse, path: string): string {
  const files = path.split('/').map(encodeURIComponent).join('/');
  const workspace = encodeURIComponent(workspaceId);
  const lakehouse = encodeURIComponent(lakehouseId);
  return `${service}/workload/data/v1/workspaces/${workspace}/lakehouses/${lakehouse}/files/${files}`;
}
