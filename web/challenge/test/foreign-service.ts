// A service that has nothing to do with the product, behind gRPC-web as a browser speaks it: what
// the tests drive goes through Connect's own transport, its interceptors and its framing.

import { createFileRegistry, create } from '@bufbuild/protobuf';
import type { GenService } from '@bufbuild/protobuf/codegenv2';
import {
  FileDescriptorProtoSchema,
  StringValueSchema,
  file_google_protobuf_wrappers,
} from '@bufbuild/protobuf/wkt';
import {
  createClient,
  createConnectRouter,
  type Client,
  type Interceptor,
  type ServiceImpl,
} from '@connectrpc/connect';
import { createFetchHandler } from '@connectrpc/connect/protocol';
import { createGrpcWebTransport } from '@connectrpc/connect-web';

type Echo = GenService<{
  say: { methodKind: 'unary'; input: typeof StringValueSchema; output: typeof StringValueSchema };
  watch: {
    methodKind: 'server_streaming';
    input: typeof StringValueSchema;
    output: typeof StringValueSchema;
  };
}>;

const TEXT = '.google.protobuf.StringValue';

const registry = createFileRegistry(
  create(FileDescriptorProtoSchema, {
    name: 'echo.proto',
    package: 'foreign.v1',
    syntax: 'proto3',
    dependency: ['google/protobuf/wrappers.proto'],
    service: [
      {
        name: 'Echo',
        method: [
          { name: 'Say', inputType: TEXT, outputType: TEXT },
          { name: 'Watch', inputType: TEXT, outputType: TEXT, serverStreaming: true },
        ],
      },
    ],
  }),
  () => file_google_protobuf_wrappers,
);

export const EchoService = registry.getService('foreign.v1.Echo') as unknown as Echo;

export type EchoImpl = Partial<ServiceImpl<Echo>>;

// A client of the service, whose calls pass these interceptors.
export function echo(implementation: EchoImpl, interceptors: Interceptor[]): Client<Echo> {
  return createClient(
    EchoService,
    createGrpcWebTransport({
      baseUrl: 'https://service.example',
      fetch: served(implementation),
      interceptors,
    }),
  );
}

// `fetch` that leads to the service, in memory.
export function served(implementation: EchoImpl): typeof fetch {
  const router = createConnectRouter({ connect: false, grpc: false, grpcWeb: true });
  router.service(EchoService, implementation);
  const handlers = new Map(
    router.handlers.map((handler) => [handler.requestPath, createFetchHandler(handler)]),
  );
  return async (input, init) => {
    init?.signal?.throwIfAborted();
    const request = new Request(input, init);
    const handler = handlers.get(new URL(request.url).pathname);
    return handler ? handler(request) : new Response(null, { status: 404 });
  };
}
