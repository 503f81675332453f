// The one MSAL of the page, for the broker's own registration.

import {
  BrowserCacheLocation,
  LogLevel,
  PublicClientApplication,
  type IPublicClientApplication,
} from '@azure/msal-browser';

import type { BrokerConfiguration } from './configuration.ts';

export async function msalFor(broker: BrokerConfiguration): Promise<IPublicClientApplication> {
  const close = new URL('/broker/close', location.origin).href;
  const msal = new PublicClientApplication({
    auth: {
      clientId: broker.clientId,
      authority: broker.authority,
      // Spares the question to Microsoft who this authority is: the server of this page has said so.
      knownAuthorities: [new URL(broker.authority).host],
      redirectUri: close,
      postLogoutRedirectUri: close,
      // The page answers claims challenges.
      clientCapabilities: ['CP1'],
    },
    // Another script of the page, or the next one in this tab, finds no token to take.
    cache: { cacheLocation: BrowserCacheLocation.MemoryStorage },
    system: { loggerOptions: { logLevel: LogLevel.Error, loggerCallback: () => {} } },
  });
  await msal.initialize();
  return msal;
}
