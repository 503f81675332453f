// Pictures of the main pages, as the README shows them.

import { openBroker } from "./broker.js";
import { browse } from "./chromium.js";
import { CONSENTED, NO_CONSENT, withFault } from "./dev.js";
import { decline } from "./person.js";
import { openPortal } from "./portal.js";
import { takePicture } from "./screenshot.js";

browse("records, tasks, workspaces and authentication", async (context) => {
  const portal = await openPortal(context, CONSENTED);
  const { frame, page } = portal;

  await portal.go("Records");
  for (const [id, json] of Object.entries({
    "budget-2027": '{"department": "Research", "amount": 125000.00, "currency": "EUR"}',
    "budget-2028": '{"department": "Research", "amount": 131500.00, "currency": "EUR"}',
  })) {
    await frame.getByRole("button", { name: "Add a record" }).first().click();
    const dialog = frame.getByRole("dialog");
    await dialog.getByLabel("Record ID").fill(id);
    await dialog.getByRole("textbox", { name: "JSON" }).fill(json);
    await dialog.getByRole("button", { name: "Save" }).click();
    await frame.getByRole("row").filter({ hasText: id }).waitFor();
  }
  await takePicture(page, "records");

  await portal.go("Tasks");
  await frame.getByRole("textbox", { name: "Task" }).fill("Review the budget");
  await frame.getByRole("button", { name: "Add task" }).click();
  await frame.getByRole("checkbox", { name: "Review the budget" }).first().waitFor();
  await takePicture(page, "tasks");

  await portal.go("Workspaces");
  await frame.getByRole("radio", { name: "Selvedge" }).check();
  await frame.getByRole("form", { name: "New warehouse" }).waitFor();
  await takePicture(page, "workspaces");

  await portal.go("Authentication");
  await frame.getByRole("button", { name: "Get a token" }).click();
  await frame.getByRole("table", { name: "Claims of the token" }).waitFor();
  await takePicture(page, "authentication");

  await portal.go("Workspaces");
  await page.getByRole("button", { name: "Dark theme" }).click();
  await frame.getByRole("radio", { name: "Selvedge" }).waitFor();
  await takePicture(page, "dark");
});

browse("files with an upload under way", async (context) => {
  const portal = await openPortal(context, CONSENTED);
  await portal.openLakehouse();
  await portal.frame.getByRole("table", { name: "Files" }).waitFor();
  await withFault("onelake", { delay_ms: 3000 }, async () => {
    await portal.upload("orders-2027.parquet", 6 * 1024 * 1024);
    await portal.frame.getByRole("progressbar", { name: "Uploading orders-2027.parquet" }).waitFor();
    await takePicture(portal.page, "files");
  });
  await portal.frame.getByRole("button", { name: "Delete orders-2027.parquet" }).click();
  const sure = portal.frame.getByRole("alertdialog");
  await sure.getByRole("button", { name: "Delete" }).click();
  await portal.frame.getByText("orders-2027.parquet deleted.").waitFor({ state: "attached" });
});

browse("a refusal", async (context) => {
  const portal = await openPortal(context, NO_CONSENT);
  await decline(await portal.popupFrom(() => portal.go("Workspaces")));
  await portal.refusal.getByRole("button", { name: "Give consent" }).waitFor();
  await takePicture(portal.page, "refusal");
});

browse("the token broker", async (context) => {
  const broker = await openBroker(context, NO_CONSENT);
  await broker.waitingForConsent();
  await takePicture(broker.page, "broker");
});
