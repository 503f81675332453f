// The token broker's page: two components with registrations of their own share one sign-in, and
// one dialog.

import assert from "node:assert/strict";

import { COMPONENTS, giveConsent, openBroker } from "./broker.js";
import { browse } from "./chromium.js";
import { CONSENTED, NO_CONSENT, control, dev } from "./dev.js";
import { accept, decline } from "./person.js";

browse("components that are clicked together share one dialog, and both are served", (context) =>
  withoutConsent(async () => {
    const broker = await openBroker(context, NO_CONSENT);
    await broker.waitingForConsent();
    const opened = broker.page.waitForEvent("popup");
    await broker.giveConsentTogether();
    const asked = await accept(await opened);
    await broker.served();
    assert.equal(broker.popups.length, 1);
    for (const scope of ["User.Read", "user_impersonation"]) {
      assert.equal(asked.filter((permission) => permission.startsWith(`${scope} `)).length, 1, asked);
    }
  }),
);

browse("a user who has consented signs in once, and both components are served", async (context) => {
  const broker = await openBroker(context, CONSENTED);
  await broker.served();
  assert.equal(broker.popups.length, 0);
  const shown = await broker.page.locator("main").innerText();
  assert.ok(shown.includes(CONSENTED));
  const kept = await broker.page.evaluate(() => JSON.stringify([{ ...localStorage }, { ...sessionStorage }]));
  assert.doesNotMatch(kept + shown, /eyJ[\w-]{10,}\.eyJ/);
});

browse("no window opens without a click", (context) =>
  withoutConsent(async () => {
    const broker = await openBroker(context, NO_CONSENT);
    await broker.waitingForConsent();
    assert.equal(broker.popups.length, 0);
  }),
);

browse("a declined consent is explained, and given by the button of either component", (context) =>
  withoutConsent(async () => {
    const broker = await openBroker(context, NO_CONSENT);
    await broker.waitingForConsent();
    const companies = broker.component("company-picker");
    await decline(await broker.popupFrom(() => giveConsent(companies).click()));
    await companies.getByText("You have not given consent").waitFor();
    assert.equal(broker.popups.length, 1);

    const files = broker.component("file-picker");
    await accept(await broker.popupFrom(() => giveConsent(files).click()));
    await broker.served();
    assert.equal(broker.popups.length, 2);
  }),
);

/** Runs `act` while one account has consented to nothing that the components call. */
async function withoutConsent(act) {
  const { broker } = await (await fetch(`${dev.front_end}/config.json`)).json();
  const revoke = async () => {
    for (const [name, resource] of Object.entries(COMPONENTS)) {
      const revoked = { client_id: broker.components[name].clientId, resource };
      await control("DELETE", `/accounts/${NO_CONSENT}/consent`, revoked);
    }
  };
  await revoke();
  try {
    await act();
  } finally {
    await revoke();
  }
}
