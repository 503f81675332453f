// Each seeded account in the portal sees what the emulator's README says of it, and nothing of
// anybody else's.

import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";

import { browse } from "./chromium.js";
import {
  BLOCKED,
  CONSENTED,
  DEVICE,
  FABRIC,
  GUEST,
  MFA,
  NO_CONSENT,
  OTHER_TENANT,
  control,
  dev,
} from "./dev.js";
import { accept, approve } from "./person.js";
import { openPortal } from "./portal.js";

/** What each account meets on the way to its workspaces, and which of the seeded ones it sees. */
const accounts = [
  { account: CONSENTED, sees: ["Archive", "Selvedge", "Shared reports"] },
  { account: NO_CONSENT, meets: accept, sees: ["Selvedge", "Shared reports"] },
  { account: MFA, meets: approve, sees: ["Archive", "Selvedge"] },
  { account: DEVICE, sees: ["Selvedge"] },
  { account: GUEST, tenant: "contoso.test", sees: ["Selvedge"] },
  { account: GUEST, sees: [] },
  { account: OTHER_TENANT, sees: ["Fabrikam"] },
];
for (const { account, tenant, meets, sees } of accounts) {
  const where = tenant === undefined ? "at home" : `in ${tenant}`;
  browse(`${account} ${where} sees ${sees.join(", ") || "no shared workspace"}`, async (context) => {
    const portal = await openPortal(context, account, { tenant });
    try {
      if (meets === undefined) {
        await portal.go("Workspaces");
      } else {
        await meets(await portal.popupFrom(() => portal.go("Workspaces")));
      }
      await portal.frame.getByRole("table", { name: "Workspaces" }).waitFor();
      const labels = await portal.frame.getByRole("radio").evaluateAll((radios) =>
        radios.map((radio) => radio.labels[0].textContent),
      );
      assert.deepEqual(labels.filter((label) => label !== "My workspace").sort(), sees);
    } finally {
      if (meets === accept) {
        await revoke(account);
      }
    }
  });
}

browse(`${DEVICE} proves the device before a lakehouse opens`, async (context) => {
  const portal = await openPortal(context, DEVICE);
  const popup = await portal.popupFrom(() => portal.openLakehouse());
  await popup.getByRole("heading", { name: "Prove your device" }).waitFor();
  await approve(popup);
  await portal.frame.getByRole("table", { name: "Files" }).waitFor();
  assert.deepEqual(portal.retries("ListFiles"), [false, true]);
});

browse(`${BLOCKED} is told that an administrator has to act, and sees no popup`, async (context) => {
  const portal = await openPortal(context, BLOCKED);
  await portal.go("Workspaces");
  await portal.refusal.getByText("Your organization does not allow this").waitFor();
  const told = await portal.refusal.innerText();
  assert.match(told, /Who can help: Your tenant administrator/);
  assert.match(told, /\b[0-9a-f]{32}\b/);
  assert.deepEqual(portal.retries("ListWorkspaces"), [false]);
  assert.equal(portal.popups.length, 0);
});

browse("two tabs with different accounts do not mix", async (context) => {
  const tabs = [await openPortal(context, CONSENTED), await openPortal(context, MFA)];
  const [consented, mfa] = tabs;
  const title = `Task ${randomUUID()}`;
  // Both at once: the one waits for its user while the other goes on.
  const popup = await mfa.popupFrom(() => mfa.go("Workspaces"));
  await consented.go("Tasks");
  await consented.frame.getByRole("textbox", { name: "Task" }).fill(title);
  await consented.frame.getByRole("button", { name: "Add task" }).click();
  await consented.frame.getByRole("checkbox", { name: title }).waitFor();
  await approve(popup);
  await mfa.frame.getByRole("radio", { name: "Archive" }).waitFor();

  await mfa.go("Tasks");
  await mfa.frame.getByText("Nothing to do.").waitFor();
  for (const tab of tabs) {
    await tab.go("Authentication");
    await tab.frame.getByRole("button", { name: "Ask the service" }).click();
  }
  const names = [CONSENTED, MFA];
  for (const [at, tab] of tabs.entries()) {
    await tab.frame.getByText(names[at]).waitFor();
    const users = new Set(tab.calls.map(({ token }) => claims(token).upn));
    assert.deepEqual([...users], [names[at]]);
  }
});

function claims(authorization) {
  const [, payload] = authorization.split(".");
  return JSON.parse(Buffer.from(payload, "base64url").toString());
}

async function revoke(account) {
  const revoked = { client_id: dev.workload_client_id, resource: FABRIC };
  await control("DELETE", `/accounts/${account}/consent`, revoked);
}
