// `jose`, which shares nothing with the authority, accepts what it signs.

import assert from "node:assert/strict";
import { test } from "node:test";

import { createRemoteJWKSet, jwtVerify } from "jose";

import { CONSENTED, dev, withTokenVersion } from "./dev.js";
import { daemonToken, userToken } from "./msal.js";
import { Person } from "./person.js";

const VERSIONS = [
  { version: "1.0", path: "", audience: dev.audience_v1, client: "appid" },
  { version: "2.0", path: "/v2.0", audience: dev.workload_client_id, client: "azp" },
];

/** The claims of a token whose signature, audience, issuer and times `jose` has checked. */
async function verified(token, { path, audience }) {
  const document = `${dev.authority}/${dev.tenant}${path}/.well-known/openid-configuration`;
  const { issuer, jwks_uri: keys } = await (await fetch(document)).json();
  const { payload } = await jwtVerify(token, createRemoteJWKSet(new URL(keys)), {
    algorithms: ["RS256"],
    audience,
    issuer,
    requiredClaims: ["exp", "iat", "nbf", "sub"],
  });
  assert.equal(payload.aud, audience);
  return payload;
}

for (const expected of VERSIONS) {
  const { version, client } = expected;

  test(`a user's token is accepted (version ${version})`, async () => {
    const token = await withTokenVersion(version, () =>
      userToken(new Person(), CONSENTED, "data.read"),
    );
    const claims = await verified(token, expected);
    assert.equal(claims.ver, version);
    assert.equal(claims.tid, dev.tenant);
    assert.equal(claims[client], dev.cli_client_id);
    assert.equal(claims.scp, "data.read");
  });

  test(`an application's token is accepted (version ${version})`, async () => {
    const token = await withTokenVersion(version, daemonToken);
    const claims = await verified(token, expected);
    assert.equal(claims.idtyp, "app");
    assert.deepEqual(claims.roles, ["Selvedge.Admin"]);
    assert.equal(claims.scp, undefined);
  });
}
