// Somebody in front of the authority's pages, which a popup shows. Each step waits for its page.

/** Chooses an account and signs in. */
export async function signIn(popup, account) {
  await popup.locator("#sign-in").getByText(account, { exact: true }).click();
  await press(popup, "#sign-in #submit");
}

/** Consents to what the page asks for; returns what that was, as `["scope resource"]`. */
export async function accept(popup) {
  const asked = await permissions(popup);
  await press(popup, "#consent #submit");
  return asked;
}

/** Declines what the page asks for. */
export async function decline(popup) {
  await press(popup, "#consent #cancel");
}

/** Proves what more is demanded. */
export async function approve(popup) {
  await press(popup, "#step-up #submit");
}

/** Refuses to prove more. */
export async function deny(popup) {
  await press(popup, "#step-up #cancel");
}

/** What the consent page lists. */
export async function permissions(popup) {
  await popup.locator("#consent").waitFor();
  const items = await popup.locator("#permissions li").allInnerTexts();
  return items.map((text) => text.trim());
}

/** Resolves once the popup has gone. */
export async function closed(popup) {
  if (!popup.isClosed()) {
    await popup.waitForEvent("close");
  }
}

/** A popup may be gone before the press is seen to have ended. */
async function press(popup, selector) {
  const button = popup.locator(selector);
  await button.waitFor();
  await button.click({ noWaitAfter: true }).catch((error) => {
    if (!popup.isClosed()) {
      throw error;
    }
  });
}
