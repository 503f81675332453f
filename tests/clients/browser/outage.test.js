// What the front end says when its service is gone, or does not list its origin. Such a service is
// one of the test's own: the front end is told where it is, past its policy of whom it may call.

import assert from "node:assert/strict";

import { browse } from "./chromium.js";
import { CONSENTED, dev } from "./dev.js";
import { writeFile } from "./lakehouse.js";
import { openPortal } from "./portal.js";
import { Serving } from "./serving.js";

/** Large enough to be under way for a while. */
const LARGE_FILE_BYTES = 48 * 1024 * 1024;

browse(
  "a download whose service dies is explained, and what has arrived can be saved",
  (context) =>
    besideService(JSON.stringify([dev.front_end]), async (serving) => {
      await tellService(context, serving.service);
      const name = await writeFile(serving.service, LARGE_FILE_BYTES);
      const portal = await openPortal(context, CONSENTED);
      await portal.openLakehouse();
      await portal.frame.getByRole("button", { name: `Download ${name}` }).click();
      await portal.frame.getByText(/^[\d.]+ MiB of 48 MiB$/).waitFor();
      await serving.kill();
      await portal.refusal.getByText("The service cannot be reached").waitFor();
      await portal.refusal.getByRole("button", { name: "Try again" }).waitFor();
      await portal.frame.getByRole("button", { name: "Save what has arrived" }).waitFor();
    }),
  { bypassCSP: true, complaints: [/net::ERR_/] },
);

browse(
  "a service that does not list the front end's origin is explained",
  (context) =>
    besideService("[]", async (serving) => {
      await tellService(context, serving.service);
      const portal = await openPortal(context, CONSENTED);
      for (const page of ["Workspaces", "Tasks", "Records"]) {
        await portal.go(page);
        await portal.refusal.getByText("The service cannot be reached").waitFor();
      }
      assert.deepEqual(portal.popups, []);
    }),
  { bypassCSP: true, complaints: [/No 'Access-Control-Allow-Origin' header/, /net::ERR_FAILED/] },
);

browse("a front end that no portal frames says where to open it", async (context) => {
  const page = await context.newPage();
  await page.goto(`${dev.front_end}/records`);
  await page.getByRole("heading", { name: "Selvedge opens in Fabric" }).waitFor();
});

/** Runs `act` beside a service that lists these origins. */
async function besideService(origins, act) {
  const serving = await Serving.start({ "server.cors_origins": origins });
  try {
    await act(serving);
  } finally {
    await serving.remove();
  }
}

/** Tells the front end where another service is. */
async function tellService(context, service) {
  await context.route(`${dev.front_end}/config.json`, async (route) => {
    const response = await route.fetch();
    const json = await response.json();
    await route.fulfill({ response, json: { ...json, service } });
  });
}
