// The service accepts tokens of an issuer that shares nothing with ours, beside those of ours.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { after, before, test } from "node:test";

import { CryptoProvider } from "@azure/msal-node";
import { decodeJwt, decodeProtectedHeader } from "jose";

import { CONSENTED, dev } from "./dev.js";
import { userToken } from "./msal.js";
import { Person } from "./person.js";
import { AUDIENCE, SecondAuthority } from "./second-authority.js";
import { Code, refusal } from "./service.js";
import { Serving } from "./serving.js";
import { makeServerCertificate, trust } from "./trust.js";

const TENANT = "3f0c2b77-6f0e-4a55-9f57-0d4c7b1a9e10";

let authority;
let serving;

before(async () => {
  const certificates = await makeServerCertificate();
  trust(certificates.root);
  authority = await SecondAuthority.start(certificates);
  const files = { "entra.pem": await readFile(dev.ca_file), "second.pem": certificates.root };
  const { issuer: issuerV1 } = await (
    await fetch(`${dev.authority}/common/.well-known/openid-configuration`)
  ).json();
  serving = await Serving.start(
    files,
    (address, folder) => `
      version = 1
      [server]
      listen = "${address}"
      admin_listen = "127.0.0.1:0"
      [store]
      url = "sqlite://${folder}/selvedge.db"
      [authorities.entra]
      kind = "entra"
      url = "${dev.authority}"
      issuer_v1 = "${issuerV1}"
      tenants = ["${dev.tenant}"]
      ca_file = "${folder}/entra.pem"
      danger_allow_local_authority = true
      [authorities.second]
      kind = "oidc"
      url = "${authority.issuer}"
      tenant = "${TENANT}"
      ca_file = "${folder}/second.pem"
      danger_allow_local_authority = true
      [registrations.workload]
      authority = "entra"
      client_id = "${dev.workload_client_id}"
      audiences_v1 = ["${dev.audience_v1}"]
      [registrations.second]
      authority = "second"
      audiences = ["${AUDIENCE}"]
    `,
  );
});

after(async () => {
  await authority?.stop();
  assert.equal(await serving?.stop(), 0, "selvedge serve ends well when asked to");
});

/** A token of the second authority; each is of a person at a browser of their own. */
async function secondToken(scope) {
  const codes = await new CryptoProvider().generatePkceCodes();
  return authority.token(new Person(), "somebody", scope, codes);
}

test("an RFC 9068 token is served", async () => {
  const token = await secondToken("access_as_user data.read");
  assert.equal(decodeProtectedHeader(token).typ, "at+jwt");
  assert.equal(decodeJwt(token).aud, AUDIENCE);
  const profile = await serving.service.profile(token);
  assert.equal(profile.tenantId, TENANT);
  assert.equal(profile.objectId, "somebody");
  assert.equal(profile.tokenVersion, "rfc9068");
  await serving.service.read(token);
});

test("its scopes are held to the same policy", async () => {
  const token = await secondToken("data.read");
  const error = await serving.service.write(token, "{}").then(
    () => assert.fail("a write was served without its scope"),
    (error) => error,
  );
  assert.equal(error.code, Code.PERMISSION_DENIED);
  assert.equal(refusal(error).details.ErrorInfo.reason, "SCOPE_MISSING");
});

test("tokens of the first authority are served beside it", async () => {
  const token = await userToken(new Person(), CONSENTED, "access_as_user");
  const profile = await serving.service.profile(token);
  assert.equal(profile.tenantId, dev.tenant);
});

test("users of the two authorities do not see each other's rows", async () => {
  const row = `{"of": "the second authority"}`;
  const second = await secondToken("data.read data.write");
  await serving.service.write(second, row);
  const first = await userToken(new Person(), CONSENTED, "data.read");
  const { rows: ofFirst } = await serving.service.read(first);
  const { rows: ofSecond } = await serving.service.read(second);
  assert.deepEqual(ofFirst, []);
  assert.deepEqual(ofSecond.map((kept) => kept.json.toString()), [row]);
});
