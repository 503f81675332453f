// An authority that is not ours: npm's `oidc-provider`, issuing RFC 9068 access tokens over TLS, and
// trading them for others by the jwt-bearer grant (RFC 7523 section 2.1), On-Behalf-Of.

import { createServer } from "node:https";

import { exportJWK, generateKeyPair, jwtVerify } from "jose";
import { Provider, errors } from "oidc-provider";

/** The resource that its access tokens are for. */
export const AUDIENCE = "api://second.test/selvedge";

/** The same, for the application that proves itself by a certificate. */
export const AUDIENCE_OF_CERTIFIED = "api://second.test/selvedge-certified";

/** The front end, whose users' tokens are exchanged. */
export const FRONT_END_ID = "second-front-end";

/** The application that exchanges them, by a secret. */
export const WORKLOAD = {
  client_id: "8d1f6c40-7a2e-4b95-b3c8-51e09d7f2a64",
  client_secret: "second-development-secret",
};

/** The application that exchanges them, by a certificate. */
export const CERTIFIED_ID = "b47e0d92-3c58-4f16-8a6d-f20c9e71b583";

/** What they are exchanged for. */
export const ORDERS = { audience: "api://second.test/orders", scope: "orders.read" };

const REDIRECT_URI = "http://localhost:50506/signed-in";
const SCOPES = "data.read data.write access_as_user token.exchange";
const JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer";

export class SecondAuthority {
  #server;
  #revoked = new Set();
  issuer;

  /**
   * Starts it on a free port of this machine. `certified` is the public key (JWK) of the
   * application that proves itself by a certificate.
   */
  static async start({ certificate, key }, certified) {
    const authority = new SecondAuthority();
    authority.#server = createServer({ cert: certificate, key });
    await new Promise((resolve) => authority.#server.listen(0, "localhost", resolve));
    authority.issuer = `https://localhost:${authority.#server.address().port}`;
    authority.#server.on("request", await authority.#callback(certified));
    return authority;
  }

  /** An access token for a user, by authorization code with PKCE. */
  async token(person, account, scope, codes, resource = AUDIENCE) {
    const query = new URLSearchParams({
      client_id: FRONT_END_ID,
      redirect_uri: REDIRECT_URI,
      response_type: "code",
      scope,
      resource,
      code_challenge: codes.challenge,
      code_challenge_method: "S256",
    });
    const address = `${this.issuer}/auth?${query}`;
    const filled = { login: account, password: "any" };
    const answer = await person.signIn(address, REDIRECT_URI, filled);
    const response = await fetch(`${this.issuer}/token`, {
      method: "POST",
      body: new URLSearchParams({
        grant_type: "authorization_code",
        client_id: FRONT_END_ID,
        code: answer.parameters.get("code"),
        code_verifier: codes.verifier,
        redirect_uri: REDIRECT_URI,
        resource,
      }),
    });
    const result = await response.json();
    if (!response.ok) {
      throw new Error(JSON.stringify(result));
    }
    return result.access_token;
  }

  /** Forgets what a user has agreed to: their tokens are exchanged no more. */
  revoke(account) {
    this.#revoked.add(account);
  }

  async stop() {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  async #callback(certified) {
    const { privateKey, publicKey } = await generateKeyPair("RS256", { extractable: true });
    const signing = { ...(await exportJWK(privateKey)), alg: "RS256", kid: "second-1", use: "sig" };
    const provider = new Provider(this.issuer, configuration(signing, certified));
    provider.registerGrantType(JWT_BEARER, (ctx) => this.#exchange(ctx, publicKey), [
      "assertion",
      "requested_token_use",
      "scope",
    ]);
    return provider.callback();
  }

  async #exchange(ctx, publicKey) {
    const { client, params, provider } = ctx.oidc;
    if (params.requested_token_use !== "on_behalf_of") {
      throw new errors.InvalidRequest("requested_token_use must be on_behalf_of");
    }
    if (params.scope !== ORDERS.scope) {
      throw new errors.InvalidScope("requested scope is not allowed", params.scope);
    }
    const expected = { issuer: this.issuer, audience: client.audience, typ: "at+jwt" };
    const { payload } = await jwtVerify(params.assertion, publicKey, expected).catch(() => {
      throw new errors.InvalidGrant("the assertion is not a token for this client");
    });
    if (this.#revoked.has(payload.sub)) {
      throw new errors.InvalidGrant("the user has revoked it");
    }
    const token = new provider.AccessToken({ accountId: payload.sub, client, gty: "jwt_bearer" });
    token.resourceServer = new provider.ResourceServer(ORDERS.audience, resourceServer(ORDERS));
    token.scope = ORDERS.scope;
    ctx.body = {
      access_token: await token.save(),
      expires_in: token.expiration,
      scope: token.scope,
      token_type: token.tokenType,
    };
  }
}

function configuration(signing, certified) {
  const exchanges = { grant_types: [JWT_BEARER], redirect_uris: [], response_types: [] };
  return {
    clients: [
      {
        client_id: FRONT_END_ID,
        application_type: "native",
        redirect_uris: [REDIRECT_URI],
        grant_types: ["authorization_code"],
        response_types: ["code"],
        token_endpoint_auth_method: "none",
      },
      {
        ...WORKLOAD,
        ...exchanges,
        audience: AUDIENCE,
        token_endpoint_auth_method: "client_secret_post",
      },
      {
        client_id: CERTIFIED_ID,
        ...exchanges,
        audience: AUDIENCE_OF_CERTIFIED,
        jwks: { keys: [certified] },
        token_endpoint_auth_method: "private_key_jwt",
        token_endpoint_auth_signing_alg: "PS256",
      },
    ],
    cookies: { keys: ["cookies of a test protect nothing"] },
    extraClientMetadata: { properties: ["audience"] },
    features: {
      resourceIndicators: {
        enabled: true,
        getResourceServerInfo: (_ctx, resource) =>
          resourceServer({ audience: resource, scope: SCOPES }),
      },
    },
    findAccount: (_ctx, id) => ({ accountId: id, claims: () => ({ sub: id }) }),
    jwks: { keys: [signing] },
    scopes: ["openid", ...SCOPES.split(" ")],
  };
}

function resourceServer({ audience, scope }) {
  return {
    accessTokenFormat: "jwt",
    accessTokenTTL: 600,
    audience,
    jwt: { sign: { alg: "RS256" } },
    scope,
  };
}
