// The front end in the portal heals what it is refused: one popup, one retry, and no more.

import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { afterEach } from "node:test";

import { browse } from "./chromium.js";
import { FABRIC, MFA, NO_CONSENT, control, dev, onBehalfOf, token, withFault } from "./dev.js";
import { accept, approve, closed, decline, deny } from "./person.js";
import { openPortal } from "./portal.js";
import { seenUnaided, withoutActivation } from "./unaided.js";

const TRACE_ID = /\b[0-9a-f]{32}\b/;
const UPLOAD_BYTES = 6 * 1024 * 1024;
/** Chromium says so of every answer of a REST call that is no success. */
const UPLOAD_REFUSED = { complaints: [/the server responded with a status of 401/] };

afterEach(async () => {
  const revoked = { client_id: dev.workload_client_id, resource: FABRIC };
  await control("DELETE", `/accounts/${NO_CONSENT}/consent`, revoked);
});

browse("a missing consent is asked for in one popup, and the call repeated once", async (context) => {
  const portal = await openPortal(context, NO_CONSENT);
  const popup = await portal.popupFrom(() => portal.go("Workspaces"));
  const asked = await accept(popup);
  await workspaces(portal).waitFor();
  assert.equal(asked.length, 1);
  assert.match(asked[0], /^Workspace\.Read\.All /);
  assert.deepEqual(portal.retries("ListWorkspaces"), [false, true]);
  assert.equal(portal.popups.length, 1);
  await closed(popup);
});

browse(
  "a second factor is asked for in one popup, and the upload repeated once",
  async (context) => {
    const portal = await openPortal(context, MFA);
    // To list the lakehouse takes the factor, too; this person does not prove it yet.
    await deny(await portal.popupFrom(() => portal.openLakehouse()));
    await portal.refusal.getByText("You did not finish signing in").waitFor();

    const name = `${randomUUID()}.bin`;
    await withFault("on-behalf-of", { delay_ms: 1000 }, async () => {
      const popup = await portal.popupFrom(async () => {
        await portal.upload(name, UPLOAD_BYTES);
        // The browser has spent the click of the button on its own dialog. This one is fresh when
        // the refusal comes.
        await portal.frame.getByRole("heading", { name: "Files", level: 1 }).click();
      });
      await approve(popup);
      await portal.frame.getByRole("progressbar", { name: `Uploading ${name}` }).waitFor();
    });
    await portal.frame.getByRole("cell", { name, exact: true }).waitFor();
    assert.deepEqual(portal.retries("upload"), [false, true]);
    assert.equal(portal.popups.length, 2);
  },
  UPLOAD_REFUSED,
);

browse("a declined consent is explained, and given by the refusal's own button", async (context) => {
  const portal = await openPortal(context, NO_CONSENT);
  await decline(await portal.popupFrom(() => portal.go("Workspaces")));
  await portal.refusal.getByText("You have not given consent").waitFor();
  assert.match(await portal.refusal.innerText(), TRACE_ID);
  assert.deepEqual(portal.retries("ListWorkspaces"), [false]);

  await accept(await portal.popupFrom(() => press(portal, "Give consent")));
  await workspaces(portal).waitFor();
  assert.deepEqual(portal.retries("ListWorkspaces"), [false, true]);
  assert.equal(portal.popups.length, 2);
});

browse("a popup that its user closes is like consent declined", async (context) => {
  const portal = await openPortal(context, NO_CONSENT);
  const popup = await portal.popupFrom(() => portal.go("Workspaces"));
  await popup.locator("#consent").waitFor();
  await popup.close();
  await portal.refusal.getByText("You have not given consent").waitFor();
  assert.deepEqual(portal.retries("ListWorkspaces"), [false]);
  assert.equal(portal.popups.length, 1);
});

browse("a popup that the browser blocks opens from the portal's own button", async (context) => {
  const portal = await openPortal(context, NO_CONSENT);
  await portal.page.evaluate(() => {
    const open = window.open;
    window.open = () => {
      window.open = open;
      return null;
    };
  });
  await portal.go("Workspaces");
  const dialog = portal.page.getByRole("dialog", { name: "Selvedge needs your permission" });
  await accept(await portal.popupFrom(() => dialog.getByRole("button", { name: "Continue" }).click()));
  await workspaces(portal).waitFor();
  assert.deepEqual(portal.retries("ListWorkspaces"), [false, true]);
});

browse("a browser that lets no popup open at all is explained", async (context) => {
  const portal = await openPortal(context, NO_CONSENT);
  await portal.page.evaluate(() => {
    window.open = () => null;
  });
  await portal.go("Workspaces");
  await portal.page.getByRole("button", { name: "Continue" }).click();
  await portal.refusal.getByText("allow windows to open from this site").waitFor();
  assert.deepEqual(portal.retries("ListWorkspaces"), [false]);
});

browse("nothing opens without a click", async (context) => {
  const portal = await openPortal(context, NO_CONSENT);
  const frame = portal.frameNamed("page");
  await withoutActivation(context, frame);
  await portal.page.goto(`${dev.portal}#/Org.Selvedge/workspaces`);
  await seenUnaided(context, frame, "document.body.innerText.includes('Your consent is needed')");
  assert.equal(portal.popups.length, 0);

  await accept(await portal.popupFrom(() => press(portal, "Give consent")));
  await workspaces(portal).waitFor();
  assert.deepEqual(portal.retries("ListWorkspaces"), [false, true]);
});

browse("a step-up that does not satisfy ends after one retry, and is explained", async (context) => {
  const portal = await openPortal(context, MFA);
  const fabric = `${FABRIC}/Workspace.Read.All`;
  const { claims } = await onBehalfOf(await token(MFA, ["workspaces.read"]), fabric);
  const authority_error = {
    status: 400,
    error: "interaction_required",
    codes: [50076],
    suberror: "basic_action",
    claims,
  };
  await withFault("on-behalf-of", { authority_error }, async () => {
    await approve(await portal.popupFrom(() => portal.go("Workspaces")));
    await portal.refusal.getByText("The sign-in was not enough").waitFor();
  });
  assert.deepEqual(portal.retries("ListWorkspaces"), [false, true]);
  assert.equal(portal.popups.length, 1);
  assert.match(await portal.refusal.innerText(), TRACE_ID);
});

browse("a second challenge after the retry waits for a click", async (context) => {
  const policy = { resource: FABRIC, policy: "mfa" };
  await control("PUT", `/accounts/${NO_CONSENT}/access-policy`, policy);
  try {
    const portal = await openPortal(context, NO_CONSENT);
    const popup = await portal.popupFrom(() => portal.go("Workspaces"));
    // To consent takes the factor, too, but the token of the retry is an older sign-in's.
    await approve(popup);
    await accept(popup);
    await portal.refusal.getByText("Confirm that it is you").waitFor();
    assert.deepEqual(portal.retries("ListWorkspaces"), [false, true]);
    assert.equal(portal.popups.length, 1);

    // The authority remembers that the factor was proved: its window needs nobody.
    await closed(await portal.popupFrom(() => press(portal, "Verify it is you")));
    await workspaces(portal).waitFor();
    assert.deepEqual(portal.retries("ListWorkspaces"), [false, true, true]);
    assert.equal(portal.popups.length, 2);
  } finally {
    await control("DELETE", `/accounts/${NO_CONSENT}/access-policy`, { resource: FABRIC });
  }
});

/** The seeded workspace in the page's list. */
function workspaces(portal) {
  return portal.frame.getByRole("radio", { name: "Selvedge" });
}

/** Presses the button of what was refused. */
function press(portal, label) {
  return portal.refusal.getByRole("button", { name: label }).click();
}
