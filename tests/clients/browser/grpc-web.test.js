// Pages of another origin than the service call it by gRPC-web: Google's client in both formats,
// and Connect's transport.

import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { after } from "node:test";

import { browse } from "./chromium.js";
import {
  CONSENTED,
  FABRIC,
  MFA,
  NO_CONSENT,
  dev,
  onBehalfOf,
  requests,
  token,
  until,
  withFault,
} from "./dev.js";
import { location, writeFile } from "./lakehouse.js";
import { CLIENTS, openProbe, originAt, probePage, stream, unary } from "./probe.js";
import { Serving } from "./serving.js";

const Code = { CANCELLED: 1, UNKNOWN: 2, UNAVAILABLE: 14, PERMISSION_DENIED: 7, UNAUTHENTICATED: 16 };
const WORKSPACES_SCOPE = `${FABRIC}/Workspace.Read.All`;
const FILE_BYTES = 3 * 1024 * 1024;
const LARGE_FILE_BYTES = 24 * 1024 * 1024;
const REFUSED_BY_BROWSER = [/No 'Access-Control-Allow-Origin' header is present/, /net::ERR_FAILED/];

const LISTED = originAt("localhost");
const serving = await serveListed();
after(() => serving.remove());

/** A service that lists the probe's origin under one name only. */
function serveListed() {
  return Serving.start({ "server.cors_origins": JSON.stringify([LISTED]) });
}

function call(method, given) {
  return { service: serving.service, method, ...given };
}

for (const client of CLIENTS) {
  browse(`${client}: a call from a listed origin is served`, async (context) => {
    const page = await openProbe(context, LISTED);
    const profile = call("getProfile", { token: await token(CONSENTED, ["access_as_user"]) });
    const { answer } = await unary(page, client, profile);
    assert.equal(answer.profile.tenantId, dev.tenant);
  });

  browse(`${client}: rows come back as a page wrote them`, async (context) => {
    const page = await openProbe(context, LISTED);
    const row = `{"id": "${randomUUID()}", "exact":  1.50}`;
    const json = Buffer.from(row).toString("base64");
    const bearer = await token(CONSENTED, ["data.read", "data.write"]);
    const writing = call("writeData", { token: bearer, input: { rows: [{ json }] } });
    assert.ok("answer" in (await unary(page, client, writing)));
    const { answer } = await unary(page, client, call("readData", { token: bearer }));
    assert.ok(answer.rows.some((kept) => kept.json === json));
  });

  browse(`${client}: a page reads which consent is missing`, async (context) => {
    const page = await openProbe(context, LISTED);
    const bearer = await token(NO_CONSENT, ["workspaces.read"]);
    const { refusal } = await unary(page, client, call("listWorkspaces", { token: bearer }));
    assert.equal(refusal.code, Code.PERMISSION_DENIED);
    assert.equal(refusal.details.ErrorInfo.reason, "CONSENT_REQUIRED");
    assert.equal(refusal.details.ErrorInfo.domain, "selvedge");
    assert.deepEqual(refusal.details.AuthChallenge, {
      additionalScopesToConsent: [WORKSPACES_SCOPE],
      retryable: true,
    });
    assert.match(refusal.details.RequestInfo.requestId, /^[0-9a-f]{32}$/);
    assert.match(refusal.challenge, /^Bearer /);
  });

  browse(`${client}: a page reads the authority's claims byte for byte`, async (context) => {
    const page = await openProbe(context, LISTED);
    const bearer = await token(MFA, ["workspaces.read"]);
    const { claims } = await onBehalfOf(bearer, WORKSPACES_SCOPE);
    const { refusal } = await unary(page, client, call("listWorkspaces", { token: bearer }));
    assert.equal(refusal.code, Code.UNAUTHENTICATED);
    assert.equal(refusal.details.ErrorInfo.reason, "INTERACTION_REQUIRED");
    assert.ok(claims.includes("capolids"));
    assert.deepEqual(refusal.details.AuthChallenge, {
      claimsForConditionalAccessPolicy: claims,
      retryable: true,
    });
    const [, encoded] = refusal.challenge.match(/ claims="([^"]+)"/);
    assert.equal(Buffer.from(encoded, "base64").toString(), claims);
  });

  browse(`${client}: a page learns of a missing token where to get one`, async (context) => {
    const page = await openProbe(context, LISTED);
    const { refusal } = await unary(page, client, call("getProfile"));
    assert.equal(refusal.code, Code.UNAUTHENTICATED);
    assert.equal(refusal.details.ErrorInfo.reason, "CREDENTIALS_MISSING");
    assert.ok(refusal.challenge.includes(`authorization_uri="${dev.authority}/`));
  });

  browse(`${client}: a file streams to a page whole`, async (context) => {
    const page = await openProbe(context, LISTED);
    const reading = await readingOf(serving.service, FILE_BYTES);
    const { answer } = await stream(page, client, reading);
    assert.equal(answer.bytes, FILE_BYTES);
    assert.ok(answer.messages > 1);
  });

  browse(`${client}: a refused stream says why`, async (context) => {
    const page = await openProbe(context, LISTED);
    const file = { token: await token(CONSENTED, ["data.read"]), input: { location: location("any") } };
    const { refusal } = await stream(page, client, call("readFile", file));
    assert.equal(refusal.code, Code.PERMISSION_DENIED);
    assert.equal(refusal.details.ErrorInfo.reason, "SCOPE_MISSING");
  });

  browse(
    `${client}: a service that dies in the middle of a stream ends the call`,
    async (context) => {
      const page = await openProbe(context, LISTED);
      const dying = await serveListed();
      try {
        const reading = await readingOf(dying.service, LARGE_FILE_BYTES);
        // The answer has begun by then, and is too large to be under way as a whole.
        page.on("response", () => dying.kill());
        const { refusal } = await stream(page, client, reading);
        assert.ok([Code.UNAVAILABLE, Code.UNKNOWN].includes(refusal?.code), JSON.stringify(refusal));
      } finally {
        await dying.remove();
      }
    },
    { complaints: [/net::ERR_/] },
  );

  browse(`${client}: an aborted call ends at once, and the next is served`, async (context) => {
    const page = await openProbe(context, LISTED);
    const bearer = await token(CONSENTED, ["workspaces.read"]);
    const listing = call("listWorkspaces", { token: bearer });
    await withFault("fabric-workspaces", "hang", async () => {
      const before = await requests("fabric-workspaces");
      const calling = unary(page, client, listing);
      await until(async () => (await requests("fabric-workspaces")) > before);
      await page.evaluate(() => probe.abortCall());
      const { refusal } = await calling;
      assert.equal(refusal.code, Code.CANCELLED, JSON.stringify(refusal));
    });
    const { answer } = await unary(page, client, listing);
    assert.ok(answer.workspaces.length > 0);
  });
}

for (const name of ["127.0.0.1", "evil.localhost", "localhost.evil.localhost"]) {
  browse(
    `the browser keeps what the service says from a page of ${name}, where localhost is listed`,
    async (context) => assertKept(await openProbe(context, originAt(name))),
    { complaints: REFUSED_BY_BROWSER },
  );
}

browse(
  "the browser keeps what the service says from a sandboxed frame, whose origin is null",
  async (context) => {
    const page = await openProbe(context, LISTED);
    await page.setContent('<iframe sandbox="allow-scripts"></iframe>');
    await page.$eval("iframe", (frame, document) => (frame.srcdoc = document), probePage);
    const frame = page.frames()[1];
    await frame.waitForFunction(() => typeof probe === "object");
    assert.equal(await frame.evaluate(() => origin), "null");
    await assertKept(frame);
  },
  { complaints: REFUSED_BY_BROWSER },
);

/** Each client fails, and learns nothing of why. */
async function assertKept(page) {
  for (const client of CLIENTS) {
    const { refusal } = await unary(page, client, call("getProfile"));
    assert.notEqual(refusal.code, Code.UNAUTHENTICATED);
    assert.deepEqual(refusal.details, {});
    assert.ok(!refusal.challenge);
  }
}

/** A call that reads a fresh file of so many bytes. */
async function readingOf(service, bytes) {
  const input = { location: location(await writeFile(service, bytes)) };
  return { service, method: "readFile", input, token: await token(CONSENTED, ["lakehouse.read"]) };
}
