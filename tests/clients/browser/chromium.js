// Debian's Chromium, headless, with one context a test, and what holds for every page in it.

import assert from "node:assert/strict";
import { createHash, X509Certificate } from "node:crypto";
import { once } from "node:events";
import { after, test } from "node:test";
import tls from "node:tls";

import { chromium } from "playwright-core";

import { dev } from "./dev.js";

/** Waiting longer for anything on a page means that it does not come. */
const WAIT_MS = 15_000;
const LOOPBACK = /^((.+\.)?localhost|127\.0\.0\.1|\[::1\])$/;
/** A signed JWT, or a parameter that carries a token of any kind. */
const TOKEN = /eyJ[\w-]{10,}\.eyJ[\w-]{10,}|[?&#](access_token|id_token|refresh_token)=/;

/**
 * Microsoft's client library removes events from the session storage of its frame, which Chromium
 * keeps from frames of another site where it blocks their cookies. It goes on without.
 */
const STORAGE_DENIED = /Failed to read the 'sessionStorage' property from 'Window'/;

const browser = await chromium.launch({
  executablePath: process.env.SELVEDGE_TEST_BROWSER ?? "/usr/bin/chromium",
  // Its popup blocker is on, as in front of a person.
  ignoreDefaultArgs: ["--disable-popup-blocking"],
  args: [
    `--ignore-certificate-errors-spki-list=${await publicKeyDigest(new URL(dev.authority))}`,
    // Nothing has a name but this machine, whatever a page asks for.
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE localhost, EXCLUDE *.localhost, EXCLUDE 127.0.0.1",
    ...(process.getuid() === 0 ? ["--no-sandbox"] : []),
  ],
});
after(() => browser.close());

/**
 * A test in a browser context of its own. Beside what it checks itself, none of its pages may ask
 * another machine for anything, show a token in an address, or complain in the console, but for
 * complaints that match one of `complaints`.
 */
export function browse(name, act, { complaints = [], ...options } = {}) {
  test(name, async () => {
    const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, ...options });
    context.setDefaultTimeout(WAIT_MS);
    const seen = observe(context);
    try {
      await act(context);
      seen.check(complaints);
    } catch (error) {
      console.error(await shown(context));
      throw error;
    } finally {
      await context.close();
    }
  });
}

/** What the pages of a test that fails show. */
async function shown(context) {
  const frames = context.pages().flatMap((page) => page.frames());
  const texts = frames.map(async (frame) => {
    const text = await frame.locator("body").innerText({ timeout: 1_000 }).catch(() => "");
    return `${frame.url()}\n${text}`;
  });
  return (await Promise.all(texts)).join("\n\n");
}

/** Records what all pages of a context ask for and complain about. */
function observe(context) {
  const addresses = [];
  const complained = [];
  context.on("request", (request) => addresses.push(request.url()));
  context.on("page", (page) => page.on("framenavigated", (frame) => addresses.push(frame.url())));
  context.on("weberror", (error) => complained.push(String(error.error())));
  context.on("console", (message) => {
    if (message.type() === "error" || message.type() === "warning") {
      complained.push(message.text());
    }
  });
  return {
    check(complaints) {
      for (const address of addresses) {
        const { protocol, hostname } = new URL(address);
        const local = !/^(https?|wss?):$/.test(protocol) || LOOPBACK.test(hostname);
        assert.ok(local, `a page asked another machine: ${address}`);
        assert.doesNotMatch(address, TOKEN);
      }
      const known = [STORAGE_DENIED, ...complaints];
      const unexpected = complained.filter((text) => !known.some((pattern) => pattern.test(text)));
      assert.deepEqual(unexpected, []);
    },
  };
}

/**
 * The digest of the public key that a server shows under a root that this process trusts, in the
 * form in which Chromium takes it.
 */
async function publicKeyDigest({ hostname, port }) {
  const socket = tls.connect({ host: hostname, port, servername: hostname });
  await once(socket, "secureConnect");
  const { publicKey } = new X509Certificate(socket.getPeerCertificate().raw);
  socket.destroy();
  return createHash("sha256").update(publicKey.export({ type: "spki", format: "der" })).digest("base64");
}
