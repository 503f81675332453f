// MSAL for Node gets tokens from the authority by every flow that a workload's clients use.

import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { test } from "node:test";

import { CONSENTED, addCertificate, dev, scope } from "./dev.js";
import { byCode, commandLine, daemon } from "./msal.js";
import { Person, bring, choose } from "./person.js";
import { makeClientCertificate } from "./trust.js";

const SCOPES = [scope("data.read")];

for (const responseMode of ["form_post", "query"]) {
  test(`a web application gets tokens by authorization code (${responseMode})`, async () => {
    const client = daemon({ clientSecret: dev.daemon_secret });
    const result = await byCode(client, new Person(), CONSENTED, SCOPES, {
      redirectUri: "http://localhost/signed-in",
      responseMode,
    });
    assert.equal(result.tokenType, "Bearer");
    assert.equal(result.tenantId, dev.tenant);
    assert.equal(result.account.username, CONSENTED);
    assert.ok(result.scopes.includes(SCOPES[0]));
  });
}

test("a command line gets tokens by its loopback listener", async () => {
  let delivered;
  const result = await commandLine().acquireTokenInteractive({
    scopes: SCOPES,
    openBrowser: async (address) => {
      const redirectUri = new URL(address).searchParams.get("redirect_uri");
      const answer = await new Person().signIn(address, redirectUri, choose(CONSENTED));
      // MSAL answers the browser only once it has been opened.
      delivered = bring(answer);
    },
  });
  await delivered;
  assert.equal(result.account.username, CONSENTED);
});

test("a signed-in account gets more tokens silently", async () => {
  const client = commandLine();
  const first = await byCode(client, new Person(), CONSENTED, SCOPES);
  const { account } = first;
  const cached = await client.acquireTokenSilent({ scopes: SCOPES, account });
  const refreshed = await client.acquireTokenSilent({
    scopes: SCOPES,
    account,
    forceRefresh: true,
  });
  const other = await client.acquireTokenSilent({ scopes: [scope("data.write")], account });
  assert.equal(cached.accessToken, first.accessToken);
  const tokens = [first, refreshed, other].map((result) => result.accessToken);
  assert.equal(new Set(tokens).size, 3);
});

test("a device gets tokens once its code is entered", async () => {
  let entered;
  const result = await commandLine().acquireTokenByDeviceCode({
    scopes: SCOPES,
    deviceCodeCallback: ({ verificationUri, userCode }) => {
      entered = new Person().enterCode(verificationUri, userCode, CONSENTED);
    },
  });
  await entered;
  assert.equal(result.account.username, CONSENTED);
});

test("a daemon gets tokens by its secret", async () => {
  const client = daemon({ clientSecret: dev.daemon_secret });
  const result = await client.acquireTokenByClientCredential({ scopes: [scope(".default")] });
  assert.ok(result.accessToken);
  assert.equal(result.idToken, "");
});

test("a wrong secret is refused as Entra refuses it", async () => {
  const client = daemon({ clientSecret: "wrong" });
  await assert.rejects(
    client.acquireTokenByClientCredential({ scopes: [scope(".default")] }),
    (error) => {
      assert.equal(error.errorCode, "invalid_client");
      assert.match(error.errorMessage, /AADSTS7000215/);
      return true;
    },
  );
});

// With the first MSAL signs RS256 and sends `x5t`, with the second PS256 and `x5t#S256`.
for (const [name, digest] of [
  ["thumbprint", "fingerprint"],
  ["thumbprintSha256", "fingerprint256"],
]) {
  test(`a daemon gets tokens by its certificate (${name})`, async () => {
    const { certificate, key } = await makeClientCertificate();
    await addCertificate(dev.daemon_client_id, certificate);
    const thumbprint = new X509Certificate(certificate)[digest].replaceAll(":", "");
    const client = daemon({ clientCertificate: { privateKey: key, [name]: thumbprint } });
    const result = await client.acquireTokenByClientCredential({ scopes: [scope(".default")] });
    assert.ok(result.accessToken);
  });
}
