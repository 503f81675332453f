// The page that the authority sends a sign-in window, or a hidden frame, back to: it hands the
// answer to the portal's MSAL, which waits for it, and closes.

import { broadcastResponseToMainFrame } from '@azure/msal-browser/redirect-bridge';

broadcastResponseToMainFrame().catch(() => {
  // Opened by hand, without an answer in the address.
  const text = document.querySelector('p');
  if (text) text.textContent = 'There is nothing to do here. This page is part of signing in.';
});
