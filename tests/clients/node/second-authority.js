// An authority that is not ours: npm's `oidc-provider`, issuing RFC 9068 access tokens over TLS.

import { createServer } from "node:https";

import { Provider } from "oidc-provider";
import { exportJWK, generateKeyPair } from "jose";

/** The resource that its access tokens are for. */
export const AUDIENCE = "api://second.test/selvedge";

const CLIENT_ID = "second-front-end";
const REDIRECT_URI = "http://localhost:50506/signed-in";
const SCOPES = "data.read data.write access_as_user";

export class SecondAuthority {
  #server;
  issuer;

  /** Starts it on a free port of this machine. */
  static async start({ certificate, key }) {
    const authority = new SecondAuthority();
    authority.#server = createServer({ cert: certificate, key });
    await new Promise((resolve) => authority.#server.listen(0, "localhost", resolve));
    authority.issuer = `https://localhost:${authority.#server.address().port}`;
    authority.#server.on("request", (await provider(authority.issuer)).callback());
    return authority;
  }

  /** An access token for a user, by authorization code with PKCE. */
  async token(person, account, scope, codes) {
    const query = new URLSearchParams({
      client_id: CLIENT_ID,
      redirect_uri: REDIRECT_URI,
      response_type: "code",
      scope,
      resource: AUDIENCE,
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
        client_id: CLIENT_ID,
        code: answer.parameters.get("code"),
        code_verifier: codes.verifier,
        redirect_uri: REDIRECT_URI,
        resource: AUDIENCE,
      }),
    });
    const result = await response.json();
    if (!response.ok) {
      throw new Error(JSON.stringify(result));
    }
    return result.access_token;
  }

  async stop() {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

async function provider(issuer) {
  const { privateKey } = await generateKeyPair("RS256", { extractable: true });
  const signing = { ...(await exportJWK(privateKey)), alg: "RS256", kid: "second-1", use: "sig" };
  return new Provider(issuer, {
    clients: [
      {
        client_id: CLIENT_ID,
        application_type: "native",
        redirect_uris: [REDIRECT_URI],
        grant_types: ["authorization_code"],
        response_types: ["code"],
        token_endpoint_auth_method: "none",
      },
    ],
    cookies: { keys: ["cookies of a test protect nothing"] },
    features: {
      resourceIndicators: {
        enabled: true,
        getResourceServerInfo: (_ctx, resource) => ({
          accessTokenFormat: "jwt",
          accessTokenTTL: 600,
          audience: resource,
          jwt: { sign: { alg: "RS256" } },
          scope: SCOPES,
        }),
      },
    },
    findAccount: (_ctx, id) => ({ accountId: id, claims: () => ({ sub: id }) }),
    jwks: { keys: [signing] },
    scopes: ["openid", ...SCOPES.split(" ")],
  });
}
