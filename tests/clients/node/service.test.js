// grpc-js calls the service with tokens that MSAL got, and reads why a call was refused.

import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { after, test } from "node:test";

import { CONSENTED, dev, scope, withFault, withTokenVersion } from "./dev.js";
import { daemonToken, userToken } from "./msal.js";
import { Person } from "./person.js";
import { Code, Service, refusal } from "./service.js";

const service = new Service(new URL(dev.service).host);
after(() => service.close());

/** The refusal of a call, which has the code, the reason and what every refusal has. */
async function refused(call, code, reason) {
  const error = await call.then(
    () => assert.fail(`served, where ${reason} was expected`),
    (error) => error,
  );
  const { status, details, challenge, ...rest } = refusal(error);
  assert.deepEqual([rest.code, details.ErrorInfo.reason], [code, reason]);
  assert.equal(status.code, code);
  assert.equal(details.ErrorInfo.domain, "selvedge");
  assert.match(details.RequestInfo.requestId, /^[0-9a-f]{32}$/);
  return { details, challenge };
}

for (const version of ["1.0", "2.0"]) {
  test(`a token of version ${version} is served`, async () => {
    const token = await withTokenVersion(version, () =>
      userToken(new Person(), CONSENTED, "access_as_user"),
    );
    const profile = await service.profile(token);
    assert.equal(profile.tenantId, dev.tenant);
    assert.equal(profile.clientId, dev.cli_client_id);
    assert.equal(profile.tokenVersion, version);
  });
}

test("rows come back as they were written", async () => {
  const person = new Person();
  const row = `{"written": "by grpc-js", "id": "${randomUUID()}", "exact":  1.50}`;
  await service.write(await userToken(person, CONSENTED, "data.write"), row);
  const { rows } = await service.read(await userToken(person, CONSENTED, "data.read"));
  assert.ok(rows.some((kept) => kept.json.toString() === row));
});

test("a write needs the write scope", async () => {
  const token = await userToken(new Person(), CONSENTED, "data.read");
  const call = service.write(token, "{}");
  const { details, challenge } = await refused(call, Code.PERMISSION_DENIED, "SCOPE_MISSING");
  assert.equal(details.ErrorInfo.metadata.requiredScopes, "data.write");
  assert.match(challenge, /^Bearer .*error="insufficient_scope"/);
  assert.ok(challenge.includes(`scope="${scope("data.write")}"`));
});

test("a call without a token is told where to get one", async () => {
  const call = service.read(undefined);
  const { challenge } = await refused(call, Code.UNAUTHENTICATED, "CREDENTIALS_MISSING");
  assert.match(challenge, /^Bearer /);
  assert.ok(challenge.includes(`authorization_uri="${dev.authority}/`));
});

test("an application alone is no user", async () => {
  const call = service.read(await daemonToken());
  await refused(call, Code.PERMISSION_DENIED, "APP_ONLY_NOT_ALLOWED");
});

test("two kibibytes of claims are read with default limits", async () => {
  const around = ['{"access_token":{"capolids":{"essential":true,"values":["', '"]}}}'];
  const claims = around.join("c".repeat(2048 - around.join("").length));
  const authority_error = {
    status: 400,
    error: "interaction_required",
    codes: [50076],
    suberror: "basic_action",
    claims,
  };
  const token = await userToken(new Person(), CONSENTED, "workspaces.read");
  await withFault("on-behalf-of", { authority_error }, async () => {
    const call = service.workspaces(token);
    const { details, challenge } = await refused(call, Code.UNAUTHENTICATED, "INTERACTION_REQUIRED");
    assert.deepEqual(details.AuthChallenge, {
      additionalScopesToConsent: [],
      claimsForConditionalAccessPolicy: claims,
      promptFullConsent: false,
      retryable: true,
    });
    const [, encoded] = challenge.match(/ claims="([^"]+)"/);
    assert.equal(Buffer.from(encoded, "base64").toString(), claims);
  });
});
