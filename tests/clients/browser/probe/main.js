// What a test runs in a page: calls of the service with one of three clients. Everything that
// goes in and comes out is JSON.

import { toJson } from "@bufbuild/protobuf";

import * as connect from "./connect.js";
import { methods, registry } from "./contracts.js";
import { google } from "./google.js";
import { Refused } from "./refused.js";

const clients = {
  "grpc-web, binary": google("binary"),
  "grpc-web, text": google("text"),
  "Connect": connect,
};

/** Ends the call in flight that may be aborted. */
let abort = () => {};

/** `{answer}` or `{refusal}` of a unary call. */
export function unary(client, call) {
  const controller = new AbortController();
  abort = () => controller.abort();
  return outcome(clients[client].unary(resolved(call), controller.signal));
}

/** Aborts the unary call in flight. */
export function abortCall() {
  abort();
}

/** `{answer}` or `{refusal}` of a server's stream, of which how many messages and bytes came. */
export function stream(client, call) {
  let messages = 0;
  let bytes = 0;
  const reading = clients[client].stream(resolved(call), (output) => {
    messages += 1;
    bytes += output.content.length;
  });
  return outcome(reading.then(() => ({ messages, bytes })));
}

function resolved({ service, method, input = {}, token, headers = {} }) {
  const authorization = token === undefined ? {} : { authorization: `Bearer ${token}` };
  return { service, method: methods[method], input, headers: { ...authorization, ...headers } };
}

async function outcome(calling) {
  try {
    return { answer: await calling };
  } catch (error) {
    if (!(error instanceof Refused)) {
      throw error;
    }
    const details = {};
    for (const message of error.details) {
      const name = message.$typeName.slice(message.$typeName.lastIndexOf(".") + 1);
      details[name] = toJson(registry.getMessage(message.$typeName), message);
    }
    const { code, message, challenge } = error;
    return { refusal: { code, message, challenge, details } };
  }
}
