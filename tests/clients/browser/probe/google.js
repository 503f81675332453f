// Google's gRPC-web client, with messages that protobuf-es serializes.

import { fromBinary, fromJson, toBinary, toJson } from "@bufbuild/protobuf";
import { base64Decode } from "@bufbuild/protobuf/wire";
import { anyUnpack } from "@bufbuild/protobuf/wkt";
import { GrpcWebClientBase, MethodDescriptor, MethodType } from "grpc-web";

import { StatusSchema } from "../../../../web/challenge/gen/google/rpc/status_pb.ts";
import { registry } from "./contracts.js";
import { Refused } from "./refused.js";

/** Calls with the client in its format `binary` or `text`. */
export function google(format) {
  const client = new GrpcWebClientBase({ format });
  return { unary, stream };

  function unary(call, signal) {
    const { address, input, metadata, descriptor } = prepared(call);
    return client
      .unaryCall(address, input, metadata, descriptor, { signal })
      .then((output) => toJson(call.method.output, output), rethrow);
  }

  /** Resolves at the end of the stream, after `onMessage` was told of each message. */
  function stream(call, onMessage) {
    const { address, input, metadata, descriptor } = prepared(call);
    return new Promise((resolve, reject) => {
      const reading = client.serverStreaming(address, input, metadata, descriptor);
      reading.on("data", onMessage);
      reading.on("error", reject);
      reading.on("end", resolve);
    }).catch(rethrow);
  }
}

function prepared({ service, method, input, headers }) {
  const path = `/${method.parent.typeName}/${method.name}`;
  const kind = method.methodKind === "unary" ? MethodType.UNARY : MethodType.SERVER_STREAMING;
  const descriptor = new MethodDescriptor(
    path,
    kind,
    Object,
    Object,
    (message) => toBinary(method.input, message),
    (bytes) => fromBinary(method.output, bytes),
  );
  const message = fromJson(method.input, input);
  return { address: service + path, input: message, metadata: headers, descriptor };
}

/** Turns the client's error into what the test compares. */
function rethrow(error) {
  const encoded = error.metadata?.["grpc-status-details-bin"];
  const status = encoded && fromBinary(StatusSchema, base64Decode(encoded));
  const details = (status?.details ?? []).map((any) => anyUnpack(any, registry));
  const challenge = error.metadata?.["www-authenticate"];
  throw new Refused(error.code, error.message, details, challenge);
}
