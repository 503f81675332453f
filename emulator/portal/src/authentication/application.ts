// MSAL's application, which also notices that a person has closed its window: by itself it would
// wait until its time is up.

import { BrowserAuthError, PublicClientApplication } from '@azure/msal-browser';
import type { Config } from '../config.ts';

/** How long a person may take in a window of the authority. */
const WINDOW_TIMEOUT_MS = 15 * 60_000;
const LOOK_EVERY_MS = 100;
/** For an answer that was on its way when the window closed. */
const GRACE_MS = 750;

export class Application extends PublicClientApplication {
  protected override waitForPopupResponse(
    ...given: Parameters<PublicClientApplication['waitForPopupResponse']>
  ): Promise<string> {
    const [request, popup] = given;
    return Promise.race([
      super.waitForPopupResponse(...given),
      untilClosed(popup).then((): never => {
        throw new BrowserAuthError('user_cancelled', request.correlationId);
      }),
    ]);
  }
}

/** The portal's application. Its tokens live as long as the tab. */
export async function startApplication(config: Config): Promise<Application> {
  const application = new Application({
    auth: {
      clientId: config.clientId,
      authority: `${config.authority}/organizations`,
      knownAuthorities: [new URL(config.authority).host],
      redirectUri: `${location.origin}/portal/close`,
      postLogoutRedirectUri: `${location.origin}/portal/close`,
    },
    cache: { cacheLocation: 'sessionStorage' },
    system: { popupBridgeTimeout: WINDOW_TIMEOUT_MS },
  });
  await application.initialize();
  return application;
}

/** Settles when a window has been closed, and an answer sent before that has had time to arrive. */
export async function untilClosed(popup: Window): Promise<void> {
  while (!popup.closed) await pause(LOOK_EVERY_MS);
  await pause(GRACE_MS);
}

function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
