// Files of the seeded lakehouse, written without a page.

import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";

import { CONSENTED, LAKEHOUSE, WORKSPACE, token } from "./dev.js";

/** Writes a file of so many bytes through a service, and says its name. */
export async function writeFile(service, bytes) {
  const name = `${randomUUID()}.bin`;
  const folder = `/workload/data/v1/workspaces/${WORKSPACE}/lakehouses/${LAKEHOUSE}/files`;
  const written = await fetch(`${service}${folder}/${name}`, {
    method: "PUT",
    headers: {
      authorization: `Bearer ${await token(CONSENTED, ["lakehouse.write"])}`,
      "content-type": "application/octet-stream",
    },
    body: Buffer.alloc(bytes, "selvedge"),
  });
  assert.equal(written.status, 200, await written.text());
  return name;
}

/** Where a file of this name is, as the contract says it. */
export function location(name) {
  return { workspaceId: WORKSPACE, lakehouseId: LAKEHOUSE, path: name };
}
