// Which page a path of this front end means. Ids are path segments, because a host may rename the
// keys of a query; a lakehouse's folder is the query, because paths with dots are files to the server.

export type Route =
  | { page: 'home' }
  | { page: 'records'; item?: ItemIds }
  | { page: 'tasks' }
  | { page: 'workspaces'; workspaceId?: string }
  | FilesRoute
  | { page: 'authentication' }
  | { page: 'unknown'; path: string };

export interface FilesRoute {
  page: 'files';
  workspaceId?: string;
  lakehouseId?: string;
  folder: string;
  // Whether the lakehouse's tables are shown in the place of its files.
  tables?: boolean;
}

export interface ItemIds {
  workspaceId: string;
  itemId: string;
}

const GUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

export function isGuid(text: string): boolean {
  return GUID.test(text);
}

// `target` is a path with or without a query, as the host's navigation gives it.
export function routeOf(target: string): Route {
  const mark = target.search(/[?#]/);
  const path = mark < 0 ? target : target.slice(0, mark);
  const query = new URLSearchParams(target.slice(path.length).split('#')[0]);
  const [page = '', ...ids] = path.split('/').filter((segment) => segment !== '');
  const unknown: Route = { page: 'unknown', path };
  if (!ids.every(isGuid)) return unknown;
  const [first, second] = ids;
  switch (page) {
    case '':
      return { page: 'home' };
    case 'records':
      if (ids.length === 0) return { page };
      if (ids.length !== 2 || !first || !second) return unknown;
      return { page, item: { workspaceId: first, itemId: second } };
    case 'tasks':
    case 'authentication':
      return ids.length === 0 ? { page } : unknown;
    case 'workspaces':
      return ids.length <= 1 ? { page, workspaceId: first } : unknown;
    case 'files':
      if (ids.length > 2) return unknown;
      if (query.has('tables')) return { page, workspaceId: first, lakehouseId: second, folder: '', tables: true };
      return { page, workspaceId: first, lakehouseId: second, folder: query.get('folder') ?? '' };
    default:
      return unknown;
  }
}

// The path that `routeOf` reads as this route.
export function pathOf(route: Route): string {
  switch (route.page) {
    case 'home':
      return '/';
    case 'unknown':
      return route.path;
    case 'records':
      return joined('records', route.item?.workspaceId, route.item?.itemId);
    case 'workspaces':
      return joined('workspaces', route.workspaceId);
    case 'files': {
      const path = joined('files', route.workspaceId, route.lakehouseId);
      if (route.tables) return `${path}?tables`;
      return route.folder === '' ? path : `${path}?${new URLSearchParams({ folder: route.folder })}`;
    }
    default:
      return joined(route.page);
  }
}

function joined(...segments: (string | undefined)[]): string {
  return segments.reduce<string>((path, segment) => (segment ? `${path}/${segment}` : path), '');
}
