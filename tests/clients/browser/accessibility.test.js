// Axe finds nothing grave on any page, in light and in dark.

import { assertAccessible } from "./axe.js";
import { openBroker } from "./broker.js";
import { browse } from "./chromium.js";
import { BLOCKED, CONSENTED, NO_CONSENT, dev } from "./dev.js";
import { decline } from "./person.js";
import { openPortal } from "./portal.js";

for (const colorScheme of ["light", "dark"]) {
  browse(
    `the front end's pages and the portal around them, ${colorScheme}`,
    async (context) => {
      const portal = await openPortal(context, CONSENTED);
      const { frame, page } = portal;
      await assertPortal(portal);

      await portal.go("Records");
      await frame.getByRole("button", { name: "Add a record" }).first().click();
      await frame.getByRole("dialog").waitFor();
      await assertFrame(portal);
      await frame.getByRole("button", { name: "Cancel" }).click();

      await portal.go("Tasks");
      await frame.getByRole("textbox", { name: "Task" }).fill("Read the report");
      await frame.getByRole("button", { name: "Add task" }).click();
      await frame.getByRole("checkbox", { name: "Read the report" }).first().waitFor();
      await assertFrame(portal);

      await portal.go("Workspaces");
      await frame.getByRole("radio", { name: "Selvedge" }).check();
      await frame.getByRole("form", { name: "New warehouse" }).waitFor();
      await assertFrame(portal);

      await portal.openLakehouse();
      await frame.getByRole("table", { name: "Files" }).waitFor();
      await assertFrame(portal);
      await frame.getByRole("link", { name: "Tables" }).click();
      await frame.getByRole("table", { name: "Tables" }).waitFor();
      await assertFrame(portal);

      await portal.go("Authentication");
      await frame.getByRole("button", { name: "Get a token" }).click();
      await frame.getByRole("table", { name: "Claims of the token" }).waitFor();
      await frame.getByRole("button", { name: "Ask the service" }).click();
      await frame.getByText("Object ID").waitFor();
      await assertFrame(portal);

      await page.getByRole("button", { name: "Account" }).click();
      await page.getByRole("button", { name: "Sign out" }).waitFor();
      await assertPortal(portal);
    },
    { colorScheme },
  );

  browse(
    `the refusal view, ${colorScheme}`,
    async (context) => {
      const blocked = await openPortal(context, BLOCKED);
      await blocked.go("Workspaces");
      await blocked.refusal.getByText("Details").click();
      await assertFrame(blocked);

      const declining = await openPortal(context, NO_CONSENT);
      await decline(await declining.popupFrom(() => declining.go("Workspaces")));
      await declining.refusal.getByText("Details").click();
      await assertFrame(declining);
    },
    { colorScheme },
  );

  browse(
    `the authority's pages, and the portal that needs a click, ${colorScheme}`,
    async (context) => {
      const portal = await openPortal(context, NO_CONSENT, { seeing: assertAccessible });
      await portal.page.evaluate(() => {
        window.open = () => null;
      });
      await portal.go("Workspaces");
      await portal.page.getByRole("button", { name: "Continue" }).waitFor();
      await assertAccessible(portal.page.mainFrame());
    },
    { colorScheme },
  );

  browse(
    `the broker and the page outside a portal, ${colorScheme}`,
    async (context) => {
      const alone = await context.newPage();
      await alone.goto(dev.front_end);
      await alone.getByRole("heading", { level: 1 }).waitFor();
      await assertAccessible(alone.mainFrame());
      await alone.goto(dev.broker);
      await alone.getByRole("button", { name: "Sign in" }).waitFor();
      await assertAccessible(alone.mainFrame());

      const served = await openBroker(context, CONSENTED);
      await served.served();
      await assertAccessible(served.page.mainFrame());
      const waiting = await openBroker(context, NO_CONSENT);
      await waiting.waitingForConsent();
      await assertAccessible(waiting.page.mainFrame());
    },
    { colorScheme },
  );
}

async function assertPortal(portal) {
  await assertFrame(portal);
  await assertAccessible(portal.page.mainFrame());
}

function assertFrame(portal) {
  return assertAccessible(portal.frameNamed("page"));
}
