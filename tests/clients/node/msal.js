// MSAL for Node, as a developer sets it up for an authority of their own, and the flows through it.

import {
  ConfidentialClientApplication,
  CryptoProvider,
  PublicClientApplication,
} from "@azure/msal-node";

import { dev, scope } from "./dev.js";
import { choose } from "./person.js";

const REDIRECT_URI = "http://localhost:50505";

/** An application without a credential. */
export function commandLine() {
  return new PublicClientApplication({ auth: auth(dev.cli_client_id) });
}

/** An application with one: `clientSecret` or `clientCertificate`. */
export function daemon(credential) {
  return new ConfidentialClientApplication({
    auth: { ...auth(dev.daemon_client_id), ...credential },
  });
}

/** The service's own application, as it exchanges its users' tokens. */
export function workload(credential) {
  return new ConfidentialClientApplication({
    auth: { ...auth(dev.workload_client_id), ...credential },
  });
}

/** The authorization code flow with PKCE, with a person at a browser in its middle. */
export async function byCode(client, person, account, scopes, options = {}) {
  const { redirectUri = REDIRECT_URI, responseMode = "form_post" } = options;
  const { verifier, challenge } = await new CryptoProvider().generatePkceCodes();
  const address = await client.getAuthCodeUrl({
    scopes,
    redirectUri,
    responseMode,
    codeChallenge: challenge,
    codeChallengeMethod: "S256",
  });
  const answer = await person.signIn(address, redirectUri, choose(account));
  const code = answer.parameters.get("code");
  if (code === null) {
    throw new Error(`no code in ${answer.parameters}`);
  }
  return client.acquireTokenByCode({ code, scopes, redirectUri, codeVerifier: verifier });
}

/** An access token of the workload for an account. */
export function userToken(person, account, ...names) {
  return userTokenFor(person, account, names.map(scope));
}

/** An access token of any resource for an account. */
export async function userTokenFor(person, account, scopes) {
  const { accessToken } = await byCode(commandLine(), person, account, scopes);
  return accessToken;
}

/** An access token of the workload for the daemon itself. */
export async function daemonToken() {
  const client = daemon({ clientSecret: dev.daemon_secret });
  const result = await client.acquireTokenByClientCredential({ scopes: [scope(".default")] });
  return result.accessToken;
}

function auth(clientId) {
  return {
    clientId,
    authority: `${dev.authority}/${dev.tenant}`,
    knownAuthorities: [new URL(dev.authority).host],
  };
}
