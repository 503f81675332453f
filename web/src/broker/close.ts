// The page that Entra's windows come back to: hands the answer to the page that opened the window,
// and closes.

import { broadcastResponseToMainFrame } from '@azure/msal-browser/redirect-bridge';

// Without an answer in the address there is nobody to hand it to.
broadcastResponseToMainFrame().catch(() => window.close());
