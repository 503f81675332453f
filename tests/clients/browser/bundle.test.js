// What the pages weigh on the wire.

import assert from "node:assert/strict";

import { browse } from "./chromium.js";
import { dev } from "./dev.js";

const HEAVIEST_BYTES = 400 * 1024;

browse("all scripts of all pages weigh less than 400 KiB, gzipped", async (context) => {
  const page = await context.newPage();
  const scripts = new Map();
  page.on("response", (response) => {
    if (response.request().resourceType() === "script") {
      scripts.set(new URL(response.url()).pathname, response);
    }
  });
  for (const [address, heading] of [
    [dev.front_end, "Selvedge opens in Fabric"],
    [dev.broker, "Token broker"],
  ]) {
    await page.goto(address);
    await page.getByRole("heading", { name: heading }).waitFor();
  }
  let weight = 0;
  for (const response of scripts.values()) {
    assert.equal(await response.headerValue("content-encoding"), "gzip");
    const { responseBodySize } = await response.request().sizes();
    assert.ok(responseBodySize > 0);
    weight += responseBodySize;
  }
  assert.ok(scripts.size >= 2);
  assert.ok(weight < HEAVIEST_BYTES, `they weigh ${weight} bytes`);
});
