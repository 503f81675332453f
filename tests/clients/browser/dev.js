// Where the running `selvedge dev` is, as it says itself, and what a script may change in it.

import { readFile } from "node:fs/promises";
import tls from "node:tls";

/** Has consented to everything that the workload asks. */
export const CONSENTED = "consented@contoso.test";
/** Has consented to nothing that the workload calls. */
export const NO_CONSENT = "no-consent@contoso.test";
/** Fabric and storage demand a second factor of this one. */
export const MFA = "mfa@contoso.test";
/** Storage demands a compliant device of this one. */
export const DEVICE = "device@contoso.test";
/** Fabric and storage let this one in under no circumstances. */
export const BLOCKED = "blocked@contoso.test";
/** At home in the second tenant. */
export const GUEST = "guest@contoso.test";
/** Of the second tenant. */
export const OTHER_TENANT = "other-tenant@fabrikam.test";

export const FABRIC = "https://analysis.windows.net/powerbi/api";
export const STORAGE = "https://storage.azure.com";
export const GRAPH = "https://graph.microsoft.com";

export const WORKSPACE = "1f0a6c3e-7b52-4d98-a4c1-6e92d5038b01";
export const LAKEHOUSE = "6b38f5d0-c417-4a92-8e6b-f1d09a2c7e06";

/** The secret with which the authority knows the workload. */
const WORKLOAD_SECRET = "workload-development-secret";

const described = process.env.SELVEDGE_TEST_DEV;
if (described === undefined) {
  throw new Error("SELVEDGE_TEST_DEV names no running service: run `cargo xtask clients`");
}

/** The line that `selvedge dev --format json` prints when it serves. */
export const dev = JSON.parse(await readFile(described, "utf8"));

const root = await readFile(dev.ca_file, "utf8");
tls.setDefaultCACertificates([...tls.getCACertificates("default"), root]);

/** A delegated scope of the workload, as a client asks for it. */
export function scope(name) {
  return `${dev.audience_v1}/${name}`;
}

/** A token of the workload, as if the account had signed in, with one factor unless stepped up. */
export async function token(upn, scopes, { steppedUp = false, tenant } = {}) {
  const order = { upn, resource: dev.audience_v1, scopes, stepped_up: steppedUp, tenant };
  return (await control("POST", "/tokens", order)).access_token;
}

/** What the authority itself answers to the workload's On-Behalf-Of request. */
export async function onBehalfOf(assertion, wanted) {
  const response = await fetch(`${dev.authority}/${dev.tenant}/oauth2/v2.0/token`, {
    method: "POST",
    body: new URLSearchParams({
      grant_type: "urn:ietf:params:oauth:grant-type:jwt-bearer",
      client_id: dev.workload_client_id,
      client_secret: WORKLOAD_SECRET,
      requested_token_use: "on_behalf_of",
      scope: wanted,
      assertion,
    }),
  });
  return response.json();
}

/** Runs `act` while an endpoint of the authority answers as the fault says. */
export async function withFault(endpoint, fault, act) {
  await control("PUT", `/faults/${endpoint}`, fault);
  try {
    return await act();
  } finally {
    await control("DELETE", `/faults/${endpoint}`);
  }
}

/** How many requests an endpoint of the authority has had. */
export async function requests(endpoint) {
  return (await control("GET", `/fetches/${endpoint}`)).fetches;
}

/** Resolves once the condition holds; it is asked again and again. */
export async function until(condition, withinMs = 10_000) {
  const deadline = Date.now() + withinMs;
  while (!(await condition())) {
    if (Date.now() > deadline) {
      throw new Error(`not within ${withinMs} ms: ${condition}`);
    }
  }
}

/** Scripts the authority. */
export async function control(method, path, body) {
  const response = await fetch(`${dev.authority}/_control${path}`, {
    method,
    body: JSON.stringify(body),
    headers: { "content-type": "application/json", "x-emulator-control": dev.control_secret },
  });
  const answer = await response.text();
  if (!response.ok) {
    throw new Error(`${method} ${path}: ${response.status} ${answer}`);
  }
  return answer === "" ? undefined : JSON.parse(answer);
}
