// What a person may choose from: Fabric's own API, called as them.

/** The scopes of a token for it. */
export const FABRIC_SCOPES = ['Item.Read.All', 'Workspace.Read.All'].map(
  (name) => `https://analysis.windows.net/powerbi/api/${name}`,
);

const WORKSPACES = '/fabric/v1/workspaces';
/** A person with more workspaces is shown the first ones. */
const PAGES_AT_MOST = 10;

export interface Workspace {
  readonly id: string;
  readonly displayName: string;
}

export interface Item {
  readonly id: string;
  readonly type: string;
  readonly displayName: string;
  readonly description: string;
  readonly workspace: Workspace;
}

interface Page<T> {
  readonly value: readonly T[];
  readonly continuationUri?: string;
}

/** The items of these types in every workspace of the person; of all types where none is named. */
export async function itemsOf(token: string, types: readonly string[]): Promise<Item[]> {
  const found = (await workspaces(token)).map(async (workspace) => {
    const { value } = await read<Omit<Item, 'workspace'>>(token, `${WORKSPACES}/${workspace.id}/items`);
    const wanted = value.filter(({ type }) => types.length === 0 || types.includes(type));
    return wanted.map((item) => ({ ...item, workspace }));
  });
  return (await Promise.all(found)).flat();
}

async function workspaces(token: string): Promise<Workspace[]> {
  const all: Workspace[] = [];
  let next: string | undefined = WORKSPACES;
  for (let page = 0; next && page < PAGES_AT_MOST; page += 1) {
    const { value, continuationUri }: Page<Workspace> = await read(token, next);
    all.push(...value);
    next = continuationUri;
  }
  return all;
}

async function read<T>(token: string, address: string): Promise<Page<T>> {
  const response = await fetch(address, { headers: { authorization: `Bearer ${token}` } });
  if (!response.ok) throw new Error(`Fabric answered with ${response.status}`);
  return (await response.json()) as Page<T>;
}
