// The page at which consent popups end.

import assert from "node:assert/strict";

import { browse } from "./chromium.js";
import { dev } from "./dev.js";

const MOST_RUNS = 20;
const LONGEST_MS = 100;
const CODE = "the-authorization-code";

const origin = new URL(dev.broker).origin;
const description = (code, text) => `AADSTS${code}: ${text} Trace ID: 0f.`;
const unsubscribed = description(650052, "The app needs access to a service.");
const declined = description(65004, "User declined to consent to access the app.");
const other = description(90014, "The required field 'scope' is missing.");

/** Answers of the authority, and what the opener is told of each. */
const answers = {
  "a completed dialog": {
    hash: { code: CODE, state: "s1" },
    told: { outcome: "completed", state: "s1" },
  },
  "AADSTS650052": {
    hash: { error: "invalid_client", error_description: unsubscribed, state: "s2" },
    told: { outcome: "refused", error: "invalid_client", errorCode: "AADSTS650052", state: "s2" },
  },
  "AADSTS65004": {
    hash: { error: "access_denied", error_description: declined, state: "s3" },
    told: { outcome: "refused", error: "access_denied", errorCode: "AADSTS65004", state: "s3" },
  },
  "any other error": {
    hash: { error: "invalid_request", error_description: other },
    told: { outcome: "refused", error: "invalid_request", errorCode: "AADSTS90014" },
  },
  "an error without an explanation": {
    hash: { error: "server_error" },
    told: { outcome: "refused", error: "server_error" },
  },
};
for (const [name, { hash, told }] of Object.entries(answers)) {
  browse(`${name}: the opener is told and the page closes within ${LONGEST_MS} ms`, async (context) => {
    const opener = await openOpener(context);
    const runs = await opener.popUpUntilSoon(`${origin}/close#${new URLSearchParams(hash)}`);
    for (const { messages } of runs) {
      assert.equal(messages.length, 1, JSON.stringify(messages));
      const { type, description, ...said } = messages[0];
      assert.equal(type, "selvedge.close");
      assert.deepEqual(said, told);
      assert.equal(description, hash.error_description);
      assert.ok(!JSON.stringify(messages).includes(CODE));
    }
  });
}

for (const [name, hash] of Object.entries({
  "no answer at all": "",
  "an answer that is not encoded": "#error=%E0%A4%A&error_description=%",
  "markup": "#error=%3Cimg%20src%3Dx%20onerror%3Dalert(1)%3E&error_description=%3Cb%3E",
})) {
  browse(`${name}: the page closes within ${LONGEST_MS} ms`, async (context) => {
    const opener = await openOpener(context);
    await opener.popUpUntilSoon(`${origin}/close${hash}`);
  });
}

browse("a popup without an opener closes too", async (context) => {
  const opener = await context.newPage();
  await opener.goto(`${origin}/licenses.txt`);
  const opened = context.waitForEvent("page");
  await opener.evaluate((address) => window.open(address, "", "noopener"), `${origin}/close#error=x`);
  const popup = await opened;
  if (!popup.isClosed()) {
    await popup.waitForEvent("close");
  }
});

/** A page of another origin, which opens popups and sees what they say and when they have gone. */
async function openOpener(context) {
  // The clock starts when the popup's document is there, before any script of its own.
  await context.addInitScript(() => {
    window.opener?.postMessage({ started: performance.timeOrigin + performance.now() }, "*");
  });
  const address = `${dev.authority}/opener.html`;
  const page = await context.newPage();
  await page.route(address, (route) =>
    route.fulfill({ contentType: "text/html", body: "<!doctype html><title>Opener</title>" }),
  );
  await page.goto(address);
  const popUp = (target) =>
    page.evaluate(async (target) => {
      const messages = [];
      let started;
      addEventListener("message", ({ data }) => {
        if ("started" in data) {
          started = data.started;
        } else {
          messages.push(data);
        }
      });
      const popup = window.open(target, "", "popup,width=400,height=400");
      const channel = new MessageChannel();
      const turn = () =>
        new Promise((resolve) => {
          channel.port1.onmessage = resolve;
          channel.port2.postMessage(null);
        });
      while (!popup.closed) {
        await turn();
      }
      const ended = performance.timeOrigin + performance.now();
      // What it posted before it closed has been posted; a turn later it is here.
      await turn();
      return { messages, ms: ended - started };
    }, target);

  return {
    /** A page that waits for something waits each time; a busy machine delays some of the runs. */
    async popUpUntilSoon(target) {
      const runs = [];
      while (runs.length < MOST_RUNS) {
        const run = await popUp(target);
        runs.push(run);
        if (run.ms <= LONGEST_MS) {
          return runs;
        }
      }
      assert.fail(`took ${runs.map(({ ms }) => Math.round(ms))} ms`);
    },
  };
}
