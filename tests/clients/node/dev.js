// Where the running `selvedge dev` is, as it says itself, and what a script may change in it.

import { readFile } from "node:fs/promises";

import { trust } from "./trust.js";

/** Has consented to everything that the workload asks. */
export const CONSENTED = "consented@contoso.test";

/** The secret with which the authority knows the workload. */
export const WORKLOAD_SECRET = "workload-development-secret";

const described = process.env.SELVEDGE_TEST_DEV;
if (described === undefined) {
  throw new Error("SELVEDGE_TEST_DEV names no running service: run `cargo xtask clients`");
}

/** The line that `selvedge dev --format json` prints when it serves. */
export const dev = JSON.parse(await readFile(described, "utf8"));
trust(await readFile(dev.ca_file, "utf8"));

/** A delegated scope of the workload, as a client asks for it. */
export function scope(name) {
  return `${dev.audience_v1}/${name}`;
}

/** Runs `act` while the authority issues tokens of one version for the workload. */
export async function withTokenVersion(version, act) {
  const path = `/apps/${dev.workload_client_id}/token-version`;
  await control("PUT", path, { version });
  try {
    return await act();
  } finally {
    await control("PUT", path, { version: "1.0" });
  }
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

/** Registers a certificate for an application. */
export async function addCertificate(clientId, pem) {
  await control("POST", `/apps/${clientId}/certificates`, { pem });
}

/** Scripts the authority. */
export async function control(method, path, body) {
  const response = await fetch(`${dev.authority}/_control${path}`, {
    method,
    body: JSON.stringify(body),
    headers: { "content-type": "application/json", "x-emulator-control": dev.control_secret },
  });
  if (!response.ok) {
    throw new Error(`${method} ${path}: ${response.status}`);
  }
}
