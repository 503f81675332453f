// What the emulator tells the portal about itself.

/** A tenant that a person may choose as the directory to work in. */
export interface Tenant {
  readonly id: string;
  readonly domain: string;
  readonly name: string;
}

/** The front end of a workload. */
export interface Workload {
  readonly name: string;
  readonly displayName: string;
  /** The origin of every frame. */
  readonly url: string;
  /** In whose name people are asked for consent. */
  readonly clientId: string;
  /** What the tokens for it are for. */
  readonly audience: string;
  readonly redirectUri: string;
}

export interface Config {
  readonly authority: string;
  readonly clientId: string;
  readonly tenants: readonly Tenant[];
  readonly workloads: readonly Workload[];
}

export async function loadConfig(): Promise<Config> {
  const response = await fetch('/portal/config.json');
  if (!response.ok) throw new Error(`the configuration was answered with ${response.status}`);
  return (await response.json()) as Config;
}
