// Who the broker is and which components it serves, as the server of this page says in /config.json.
// Nothing in it is a secret.

export interface Component {
  clientId: string;
  // The identifier URI that the component's scopes begin with.
  audience: string;
  // What the component may ask for downstream.
  scopes: string[];
}

export interface BrokerConfiguration {
  clientId: string;
  authority: string;
  components: Record<string, Component>;
}

export interface Configuration {
  // The origin of the service that exchanges tokens.
  service: string;
  // Null where none is configured.
  broker: BrokerConfiguration | null;
}

export async function readConfiguration(): Promise<Configuration> {
  const response = await fetch('/config.json', { cache: 'no-cache' });
  if (!response.ok) throw new Error(`the configuration was answered with ${response.status}`);
  return (await response.json()) as Configuration;
}
