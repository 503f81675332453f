// Each page of the front end does what it is there for, for a user who may.

import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { readFile } from "node:fs/promises";

import { browse } from "./chromium.js";
import { CONSENTED, FABRIC, LAKEHOUSE, dev } from "./dev.js";
import { accept, approve, closed } from "./person.js";
import { openPortal } from "./portal.js";

browse("a record is written, read and changed", async (context) => {
  const portal = await opened(context);
  const { frame } = portal;
  await portal.go("Records");
  const id = `record-${randomUUID()}`;
  await frame.getByRole("button", { name: "Add a record" }).first().click();
  const dialog = frame.getByRole("dialog");
  await dialog.getByLabel("Record ID").fill(id);
  await dialog.getByRole("textbox", { name: "JSON" }).fill('{"amount":  1.50}');
  await dialog.getByRole("button", { name: "Save" }).click();
  const row = frame.getByRole("row").filter({ hasText: id });
  await row.getByText('{"amount":  1.50}').waitFor();

  await frame.getByRole("button", { name: `Edit record ${id}` }).click();
  await dialog.getByRole("textbox", { name: "JSON" }).fill('{"amount":2}');
  await dialog.getByRole("button", { name: "Save" }).click();
  await row.getByText('{"amount":2}').waitFor();
});

browse("a task is added, done and deleted", async (context) => {
  const portal = await opened(context);
  const { frame } = portal;
  await portal.go("Tasks");
  const title = `Task ${randomUUID()}`;
  await frame.getByRole("textbox", { name: "Task" }).fill(title);
  await frame.getByRole("button", { name: "Add task" }).click();
  const task = frame.getByRole("checkbox", { name: title });
  await task.check();
  await frame.getByRole("button", { name: `Delete ${title}` }).click();
  await task.waitFor({ state: "detached" });
});

browse("a warehouse is created in a workspace", async (context) => {
  const portal = await opened(context);
  const { frame } = portal;
  await portal.go("Workspaces");
  await frame.getByRole("radio", { name: "Selvedge" }).check();
  const form = frame.getByRole("form", { name: "New warehouse" });
  const name = `Warehouse ${randomUUID().slice(0, 8)}`;
  await form.getByLabel("Name").fill(name);
  await form.getByRole("button", { name: "Create warehouse" }).click();
  await frame.getByText(`${name} is ready`).waitFor();
});

browse("a lakehouse is chosen in the portal", async (context) => {
  const portal = await opened(context);
  await portal.go("Files");
  await portal.frame.getByRole("button", { name: "Choose in Fabric" }).click();
  const hub = portal.page.getByRole("dialog", { name: "Choose in Fabric" });
  await hub.getByRole("radio", { name: "sales" }).check();
  await hub.getByRole("button", { name: "Choose" }).click();
  await portal.frame.getByRole("table", { name: "Files" }).waitFor();
  assert.equal(await portal.frame.getByLabel("Lakehouse ID").inputValue(), LAKEHOUSE);
});

browse("a file is uploaded, downloaded and deleted", async (context) => {
  const portal = await opened(context);
  const { page, frame } = portal;
  await portal.openLakehouse();
  await frame.getByRole("table", { name: "Files" }).waitFor();
  const name = `${randomUUID()}.bin`;
  await portal.upload(name, 1024 * 1024);
  const downloading = page.waitForEvent("download");
  await frame.getByRole("button", { name: `Download ${name}` }).click();
  const content = await readFile(await (await downloading).path());
  assert.ok(content.equals(Buffer.alloc(1024 * 1024, "selvedge")));

  const remove = frame.getByRole("button", { name: `Delete ${name}` });
  await remove.click();
  await frame.getByRole("alertdialog").getByRole("button", { name: "Delete" }).click();
  await remove.waitFor({ state: "detached" });
});

browse("each challenge is tried by hand, and claims are shown and no token", async (context) => {
  const portal = await opened(context);
  const { frame } = portal;
  await portal.go("Authentication");
  await frame.getByRole("button", { name: "Get a token" }).click();
  await frame.getByRole("table", { name: "Claims of the token" }).getByText(CONSENTED).first().waitFor();

  const full = frame.getByRole("button", { name: "Ask for full consent" });
  const asked = await accept(await portal.popupFrom(() => full.click()));
  assert.ok(asked.length > 1, asked);
  await frame.getByTestId("token-given").waitFor();

  await frame.getByLabel("Scopes to consent to").fill(`${FABRIC}/Workspace.Read.All`);
  const consent = frame.getByRole("button", { name: "Ask for consent" });
  await closed(await portal.popupFrom(() => consent.click()));
  await frame.getByTestId("token-given").waitFor();

  const claims = '{"access_token":{"acrs":{"essential":true,"value":"c1"}}}';
  await frame.getByLabel("Claims to satisfy").fill(claims);
  const satisfy = frame.getByRole("button", { name: "Satisfy the claims" });
  await approve(await portal.popupFrom(() => satisfy.click()));
  await frame.getByRole("table", { name: "Claims of the token" }).getByText('["c1"]').waitFor();

  await frame.getByRole("button", { name: "Ask the service" }).click();
  await frame.getByText(dev.tenant).first().waitFor();
  const { token } = portal.calls.at(-1);
  assert.ok(!(await frame.locator("body").innerHTML()).includes(token.slice("Bearer ".length)));
});

/** The portal of a user who has consented to everything. */
function opened(context) {
  return openPortal(context, CONSENTED);
}
