// MSAL for Node exchanges a user's token at the authority and gets what the service gets.
//
// The cases are rows of a table that MSAL for Python is held to as well: steps at the authority's
// control routes `first`, `then` once the user has signed in, and `finally`. In each, MSAL and the
// service are the same application with the same credential, and neither remembers anything.

import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { readFile } from "node:fs/promises";
import { test } from "node:test";

import { InteractionRequiredAuthError } from "@azure/msal-node";
import { decodeJwt } from "jose";

import { WORKLOAD_SECRET, addCertificate, control, dev } from "./dev.js";
import { userTokenFor, workload } from "./msal.js";
import { Person } from "./person.js";
import { refusal } from "./service.js";
import { Serving } from "./serving.js";
import { makeClientCertificate } from "./trust.js";

const cases = JSON.parse(await readFile(new URL("../on-behalf-of.json", import.meta.url), "utf8"));

/** What no two tokens of one user have in common. */
const OF_ONE_TOKEN = ["aio", "exp", "iat", "nbf", "rh", "uti"];
const OF_OPENID = ["openid", "profile", "email", "offline_access"];

const registered = await makeClientCertificate();
await addCertificate(dev.workload_client_id, registered.certificate);

/** What the workload proves itself with: for MSAL, and as files and keys of a configuration. */
const CREDENTIALS = {
  secret: ofSecret(WORKLOAD_SECRET),
  certificate: ofCertificate(registered),
  "unregistered secret": ofSecret("nobody's"),
  "unregistered certificate": ofCertificate(await makeClientCertificate()),
};

function ofSecret(secret) {
  return {
    forMsal: { clientSecret: secret },
    files: { secret },
    keys: (folder) => `secret_file = "${folder}/secret"`,
  };
}

function ofCertificate({ certificate, key }) {
  const thumbprintSha256 = new X509Certificate(certificate).fingerprint256.replaceAll(":", "");
  return {
    forMsal: { clientCertificate: { privateKey: key, thumbprintSha256 } },
    files: { "certificate.pem": certificate, "key.pem": key },
    keys: (folder) => `
      certificate_file = "${folder}/certificate.pem"
      key_file = "${folder}/key.pem"
    `,
  };
}

for (const row of cases) {
  for (const credential of row.credentials ?? ["secret", "certificate"]) {
    test(`MSAL gets what the service gets: ${row.name} (${credential})`, async () => {
      await compare(row, CREDENTIALS[credential]);
    });
  }
}

async function compare(row, proof) {
  const { scopes, claims, audience = dev.audience_v1 } = row;
  await take(row.first);
  let serving;
  try {
    const token = await userTokenFor(new Person(), row.account, [`${audience}/token.exchange`]);
    serving = await exchanging(proof, audience, scopes);
    await take(row.then);
    const client = workload(proof.forMsal);
    const [told, ours] = await Promise.allSettled([
      client.acquireTokenOnBehalfOf({ oboAssertion: token, scopes, claims }),
      serving.service.exchange(token, scopes, claims),
    ]);
    if (row.refusal === undefined) {
      assertSameToken(told, ours);
    } else {
      assertSameRefusal(row.refusal, scopes, told, ours);
    }
  } finally {
    await take(row.finally);
    assert.equal(await serving?.stop(), 0, "selvedge serve ends well when asked to");
  }
}

async function take(steps = []) {
  for (const [method, path, body] of steps) {
    await control(method, path, body);
  }
}

/** The service as the workload with a credential, which hands the tokens to the command line. */
function exchanging({ files, keys }, audience, scopes) {
  return Serving.start(
    files,
    (address, folder) => `
      version = 1
      [server]
      listen = "${address}"
      admin_listen = "127.0.0.1:0"
      drain_delay = "0s"
      [store]
      url = "sqlite://${folder}/selvedge.db"
      [authorities.entra]
      kind = "entra"
      url = "${dev.authority}"
      issuer_v1 = "${dev.authority}/sts/{tenantid}/"
      tenants = ["${dev.tenant}"]
      ca_file = "${dev.ca_file}"
      danger_allow_local_authority = true
      [registrations.workload]
      authority = "entra"
      client_id = "${dev.workload_client_id}"
      audiences_v1 = ["${audience}"]
      token_clients = ["${dev.cli_client_id}"]
      downstream_scopes = ${JSON.stringify(scopes)}
      ${keys(folder)}
    `,
  );
}

/** Both tokens are of one user, for one resource, with one set of scopes. */
function assertSameToken({ value: told, reason }, { value: ours, reason: oursReason }) {
  assert.ifError(reason);
  assert.ifError(oursReason);
  assert.notEqual(told.accessToken, ours.accessToken);
  const claims = decodeJwt(ours.accessToken);
  assert.deepEqual(withoutTimes(decodeJwt(told.accessToken)), withoutTimes(claims));
  for (const name of ["aud", "iss", "tid", "oid", "sub", "scp", "appid", "appidacr"]) {
    assert.ok(name in claims, name);
  }
  const granted = told.scopes.filter((name) => !OF_OPENID.includes(name));
  assert.deepEqual(new Set(ours.grantedScopes), new Set(granted));
}

/** The authority refuses both alike, and nothing of it is lost on the way to the caller. */
function assertSameRefusal(expected, scopes, { reason: told }, { reason: ours }) {
  assert.deepEqual([told?.errorCode, told?.subError || undefined], [expected.error, expected.suberror]);
  assert.equal(Number(told.errorNo), expected.error_codes[0]);
  // MSAL keeps the claims of what it takes to need the user.
  const claims = told instanceof InteractionRequiredAuthError ? told.claims : "";
  const demanded = claims === "" ? [] : Object.keys(JSON.parse(claims).access_token);
  assert.deepEqual(demanded, expected.claims ?? []);

  const { ErrorInfo, AuthChallenge } = refusal(ours).details;
  assert.equal(ErrorInfo.reason, expected.reason);
  assert.equal(Number(ErrorInfo.metadata.aadsts), expected.error_codes.at(-1));
  assert.equal(ErrorInfo.metadata.suberror, expected.suberror);
  assert.equal(AuthChallenge?.claimsForConditionalAccessPolicy ?? "", claims);
  const asked = expected.reason === "CONSENT_REQUIRED" ? scopes : [];
  assert.deepEqual(AuthChallenge?.additionalScopesToConsent ?? [], asked);
}

function withoutTimes(claims) {
  return Object.fromEntries(
    Object.entries(claims).filter(([name]) => !OF_ONE_TOKEN.includes(name)),
  );
}
