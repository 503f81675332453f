// The service through grpc-js, with messages that proto-loader reads from the contracts.

import { fileURLToPath } from "node:url";

import grpc from "@grpc/grpc-js";
import { loadSync } from "@grpc/proto-loader";
import protoFiles from "google-proto-files";

const DEADLINE_MS = 10_000;
/** `grpc.health.v1.HealthCheckResponse` with the status SERVING. */
const SERVING = Buffer.from([8, 1]);
/** A service that is just starting listens sooner than the second that grpc-js waits. */
const RECONNECT_SOON = { "grpc.initial_reconnect_backoff_ms": 50 };

const repository = new URL("../../../", import.meta.url);
const definition = loadSync(
  [
    "selvedge/data/v1/data_service.proto",
    "selvedge/data/v1/profile_service.proto",
    "selvedge/data/v1/workspace_service.proto",
    "selvedge/exchange/v1/token_exchange_service.proto",
    "selvedge/refusal/v1/auth_challenge.proto",
    "google/rpc/error_details.proto",
    "google/rpc/status.proto",
  ],
  {
    defaults: true,
    includeDirs: [
      fileURLToPath(new URL("proto", repository)),
      fileURLToPath(new URL("auth-interceptor/proto", repository)),
      protoFiles.getProtoPath(".."),
    ],
  },
);
const { data, exchange } = grpc.loadPackageDefinition(definition).selvedge;

/** Code numbers by name. */
export const { status: Code } = grpc;

/** Calls of one channel. */
export class Service {
  #data;
  #exchanges;
  #profiles;
  #workspaces;

  constructor(address) {
    const credentials = grpc.credentials.createInsecure();
    this.#data = new data.v1.DataService(address, credentials, RECONNECT_SOON);
    this.#exchanges = new exchange.v1.TokenExchangeService(address, credentials);
    this.#profiles = new data.v1.ProfileService(address, credentials);
    this.#workspaces = new data.v1.WorkspaceService(address, credentials);
  }

  /** Resolves once the service says that it is serving: it has its authorities' keys then. */
  serving(withinMs) {
    const asIs = (bytes) => bytes;
    const metadata = new grpc.Metadata({ waitForReady: true });
    const options = { deadline: Date.now() + withinMs };
    const watch = this.#data.makeServerStreamRequest(
      "/grpc.health.v1.Health/Watch",
      asIs,
      asIs,
      Buffer.alloc(0),
      metadata,
      options,
    );
    return new Promise((resolve, reject) => {
      // Once it is serving, the watch ends by being cancelled; that is no news.
      watch.on("error", reject);
      watch.on("data", (status) => {
        if (SERVING.equals(status)) {
          resolve();
          watch.cancel();
        }
      });
    });
  }

  /** Reads the caller's rows. */
  read(token) {
    return call(this.#data, "ReadData", {}, token);
  }

  /** Writes rows for the caller. */
  write(token, ...rows) {
    const request = { rows: rows.map((row) => ({ json: Buffer.from(row) })) };
    return call(this.#data, "WriteData", request, token);
  }

  /** What the service verified of the caller. */
  async profile(token) {
    return (await call(this.#profiles, "GetProfile", {}, token)).profile;
  }

  /** The first page of the workspaces that Fabric shows the caller. */
  async workspaces(token) {
    return (await call(this.#workspaces, "ListWorkspaces", {}, token)).workspaces;
  }

  /** Trades the caller's token for a downstream one. */
  exchange(token, scopes, claims = "") {
    return call(this.#exchanges, "ExchangeToken", { scopes, claims }, token);
  }

  close() {
    for (const client of [this.#data, this.#exchanges, this.#profiles, this.#workspaces]) {
      client.close();
    }
  }
}

/** A refused call, with the details of `grpc-status-details-bin` decoded by their type's name. */
export function refusal(error) {
  const [encoded] = error.metadata.get("grpc-status-details-bin");
  const status = decode("google.rpc.Status", encoded);
  const details = {};
  for (const { type_url: url, value } of status.details) {
    const type = url.slice(url.lastIndexOf("/") + 1);
    details[type.slice(type.lastIndexOf(".") + 1)] = decode(type, value);
  }
  return { code: error.code, status, details, challenge: error.metadata.get("www-authenticate")[0] };
}

function decode(type, bytes) {
  return definition[type].deserialize(bytes);
}

function call(client, method, request, token) {
  const metadata = new grpc.Metadata();
  if (token !== undefined) {
    metadata.set("authorization", `Bearer ${token}`);
  }
  const options = { deadline: Date.now() + DEADLINE_MS };
  return new Promise((resolve, reject) => {
    client[method](request, metadata, options, (error, response) =>
      error ? reject(error) : resolve(response),
    );
  });
}
