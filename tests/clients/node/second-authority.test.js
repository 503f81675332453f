// The service accepts tokens of an issuer that shares nothing with ours, beside those of ours, and
// exchanges them there.

import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { readFile } from "node:fs/promises";
import { after, before, test } from "node:test";

import { CryptoProvider } from "@azure/msal-node";
import {
  createRemoteJWKSet,
  decodeJwt,
  decodeProtectedHeader,
  exportJWK,
  jwtVerify,
} from "jose";

import { CONSENTED, dev } from "./dev.js";
import { userToken } from "./msal.js";
import { Person } from "./person.js";
import {
  AUDIENCE,
  AUDIENCE_OF_CERTIFIED,
  CERTIFIED_ID,
  FRONT_END_ID,
  ORDERS,
  SecondAuthority,
  WORKLOAD,
} from "./second-authority.js";
import { Code, refusal } from "./service.js";
import { Serving } from "./serving.js";
import { makeClientCertificate, makeServerCertificate, trust } from "./trust.js";

const TENANT = "3f0c2b77-6f0e-4a55-9f57-0d4c7b1a9e10";

let authority;
let serving;

before(async () => {
  const certificates = await makeServerCertificate();
  trust(certificates.root);
  const certified = await makeClientCertificate();
  const { publicKey } = new X509Certificate(certified.certificate);
  authority = await SecondAuthority.start(certificates, await exportJWK(publicKey));
  const files = {
    "certified.key": certified.key,
    "certified.pem": certified.certificate,
    "entra.pem": await readFile(dev.ca_file),
    "second.pem": certificates.root,
    "second.secret": WORKLOAD.client_secret,
  };
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
      client_id = "${WORKLOAD.client_id}"
      secret_file = "${folder}/second.secret"
      token_clients = ["${FRONT_END_ID}"]
      downstream_scopes = ["${ORDERS.scope}"]
      [registrations.certified]
      authority = "second"
      audiences = ["${AUDIENCE_OF_CERTIFIED}"]
      client_id = "${CERTIFIED_ID}"
      certificate_file = "${folder}/certified.pem"
      key_file = "${folder}/certified.key"
      token_clients = ["${FRONT_END_ID}"]
      downstream_scopes = ["${ORDERS.scope}"]
    `,
  );
});

after(async () => {
  await authority?.stop();
  assert.equal(await serving?.stop(), 0, "selvedge serve ends well when asked to");
});

/** A token of the second authority; each is of a person at a browser of their own. */
async function secondToken(scope, { account = "somebody", audience = AUDIENCE } = {}) {
  const codes = await new CryptoProvider().generatePkceCodes();
  return authority.token(new Person(), account, scope, codes, audience);
}

/** Why a call is refused. */
async function refused(call) {
  return refusal(
    await call.then(
      () => assert.fail("served, where a refusal was expected"),
      (error) => error,
    ),
  );
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
  const { code, details } = await refused(serving.service.write(token, "{}"));
  assert.equal(code, Code.PERMISSION_DENIED);
  assert.equal(details.ErrorInfo.reason, "SCOPE_MISSING");
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

for (const [proof, audience, clientId] of [
  ["a secret", AUDIENCE, WORKLOAD.client_id],
  ["a certificate", AUDIENCE_OF_CERTIFIED, CERTIFIED_ID],
]) {
  test(`its tokens are exchanged there by ${proof}`, async () => {
    const keys = createRemoteJWKSet(new URL(`${authority.issuer}/jwks`));
    for (const account of ["one", "another"]) {
      const token = await secondToken("token.exchange", { account, audience });
      const exchanged = await serving.service.exchange(token, [ORDERS.scope]);
      assert.deepEqual(exchanged.grantedScopes, [ORDERS.scope]);
      const { payload } = await jwtVerify(exchanged.accessToken, keys, {
        issuer: authority.issuer,
        audience: ORDERS.audience,
        typ: "at+jwt",
      });
      assert.equal(payload.sub, account);
      assert.equal(payload.client_id, clientId);
      assert.equal(payload.scope, ORDERS.scope);
    }
  });
}

test("a token that it no longer exchanges is to be replaced", async () => {
  const token = await secondToken("token.exchange", { account: "somebody-else" });
  authority.revoke("somebody-else");
  const { code, details, challenge } = await refused(
    serving.service.exchange(token, [ORDERS.scope]),
  );
  assert.equal(code, Code.UNAUTHENTICATED);
  assert.equal(details.ErrorInfo.reason, "SUBJECT_TOKEN_REJECTED");
  assert.deepEqual(details.AuthChallenge, {
    additionalScopesToConsent: [],
    claimsForConditionalAccessPolicy: "",
    promptFullConsent: false,
    retryable: true,
  });
  assert.match(challenge, /^Bearer .*error="invalid_token"/);
});

test("nobody's token is exchanged at the authority of another", async () => {
  const token = await userToken(new Person(), CONSENTED, "token.exchange");
  const { details } = await refused(serving.service.exchange(token, [ORDERS.scope]));
  assert.equal(details.ErrorInfo.reason, "CLIENT_APP_NOT_ALLOWED");
});
