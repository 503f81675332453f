// The token broker's page: a page of its own on top, not framed by Fabric, whose components share one
// sign-in.

import { createRoot } from 'react-dom/client';

import { Broker } from './broker.ts';
import { clicksOn } from './clicks.ts';
import { readConfiguration } from './configuration.ts';
import { exchangeAt } from './exchange.ts';
import { msalFor } from './msal.ts';
import { BrokerPage } from './view/BrokerPage.tsx';
import { Frame } from './view/Frame.tsx';
import { Notice } from './view/Notice.tsx';

// Entra takes `http` redirects for `localhost` alone.
if (location.hostname === '127.0.0.1') {
  location.hostname = 'localhost';
} else {
  void show();
}

async function show(): Promise<void> {
  const root = createRoot(document.getElementById('root') as HTMLElement);
  try {
    const { service, broker: configured } = await readConfiguration();
    if (!configured) {
      const text = 'The server of this page names no registration of a token broker.';
      root.render(<Frame><Notice title="No token broker is configured" text={text} /></Frame>);
      return;
    }
    const broker = new Broker(
      await msalFor(configured),
      configured.components,
      exchangeAt(service),
      clicksOn(document, navigator.userActivation),
    );
    root.render(<Frame><BrokerPage broker={broker} components={configured.components} /></Frame>);
  } catch {
    const text = 'Its configuration cannot be read. Load the page again in a moment.';
    root.render(<Frame><Notice title="This page cannot start" text={text} /></Frame>);
  }
}
