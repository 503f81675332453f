// Connect's client over its gRPC-web transport.

import { createClient, ConnectError } from "@connectrpc/connect";
import { createGrpcWebTransport } from "@connectrpc/connect-web";
import { fromJson, toJson } from "@bufbuild/protobuf";

import { details } from "./contracts.js";
import { Refused } from "./refused.js";

/** Resolves with the answer. */
export function unary(call, signal) {
  return answering(call, signal).then((output) => toJson(call.method.output, output), rethrow);
}

/** Resolves at the end of the stream, after `onMessage` was told of each message. */
export async function stream(call, onMessage) {
  try {
    for await (const output of answering(call)) {
      onMessage(output);
    }
  } catch (error) {
    rethrow(error);
  }
}

function answering({ service, method, input, headers }, signal) {
  const transport = createGrpcWebTransport({ baseUrl: service });
  const client = createClient(method.parent, transport);
  return client[method.localName](fromJson(method.input, input), { headers, signal });
}

/** Turns the client's error into what the test compares. */
function rethrow(error) {
  const { code, rawMessage, metadata } = ConnectError.from(error);
  const found = details.flatMap((schema) => ConnectError.from(error).findDetails(schema));
  throw new Refused(code, rawMessage, found, metadata.get("www-authenticate"));
}
