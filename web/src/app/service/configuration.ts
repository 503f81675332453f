// Where the service is, as the server of these pages says in /config.json.

export interface Configuration {
  service: string;
}

export async function readConfiguration(signal: AbortSignal): Promise<Configuration> {
  const response = await fetch('/config.json', { signal, cache: 'no-cache' });
  if (!response.ok) throw new Error(`the server answered ${response.status}`);
  return configurationOf(await response.json());
}

export function configurationOf(document: unknown): Configuration {
  const { service } = (document ?? {}) as { service?: unknown };
  if (typeof service !== 'string' || !/^https?:$/.test(URL.parse(service)?.protocol ?? '')) {
    throw new Error('its "service" is no address');
  }
  return { service: service.replace(/\/+$/, '') };
}
