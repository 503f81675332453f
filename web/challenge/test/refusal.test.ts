// What is read from whatever a page catches.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { create, toBinary } from '@bufbuild/protobuf';
import { anyPack } from '@bufbuild/protobuf/wkt';
import {
  Code,
  ConnectError,
  createClient,
  encodeBinaryHeader,
} from '@connectrpc/connect';
import { createGrpcWebTransport } from '@connectrpc/connect-web';

import {
  ErrorInfoSchema,
  HelpSchema,
  RequestInfoSchema,
  RetryInfoSchema,
} from '../gen/google/rpc/error_details_pb.ts';
import { StatusSchema } from '../gen/google/rpc/status_pb.ts';
import { AuthChallengeSchema } from '../gen/selvedge/refusal/v1/auth_challenge_pb.ts';
import { refusalOf, refusalOfResponse, RefusedError, type Refusal } from '../src/index.ts';
import { EchoService, echo, served } from './foreign-service.ts';
import { CLAIMS, STORAGE, TRACE_ID, consentRequired } from './refused.ts';

// The refusal of a call to a service that this `fetch` leads to.
async function refusalVia(fetch: typeof globalThis.fetch): Promise<Refusal> {
  const transport = createGrpcWebTransport({ baseUrl: 'https://service.example', fetch });
  const call = createClient(EchoService, transport).say({});
  return call.then(
    () => assert.fail('the call went through'),
    (error: unknown) => refusalOf(error),
  );
}

const CONSENT_REQUIRED: Refusal = {
  code: 'PERMISSION_DENIED',
  reason: 'CONSENT_REQUIRED',
  message: 'refused',
  metadata: { method: 'foreign.v1.Echo/Say' },
  challenge: { additionalScopesToConsent: [STORAGE] },
  retryable: true,
  traceId: TRACE_ID,
  links: [],
};

test('a refusal over gRPC-web is read from its trailers', async () => {
  const refusing = served({
    say() {
      throw consentRequired();
    },
  });
  assert.deepEqual(await refusalVia(refusing), CONSENT_REQUIRED);
});

test('a refusal without a body is read from its headers', async () => {
  const status = create(StatusSchema, {
    code: Code.PermissionDenied,
    message: 'refused',
    details: [
      anyPack(
        ErrorInfoSchema,
        create(ErrorInfoSchema, {
          reason: 'CONSENT_REQUIRED',
          domain: 'selvedge',
          metadata: { method: 'foreign.v1.Echo/Say' },
        }),
      ),
      anyPack(
        AuthChallengeSchema,
        create(AuthChallengeSchema, { additionalScopesToConsent: [STORAGE], retryable: true }),
      ),
      anyPack(RequestInfoSchema, create(RequestInfoSchema, { requestId: TRACE_ID })),
    ],
  });
  const trailersOnly = async () =>
    new Response(null, {
      headers: {
        'content-type': 'application/grpc-web+proto',
        'grpc-status': '7',
        'grpc-message': 'refused',
        'grpc-status-details-bin': encodeBinaryHeader(status, StatusSchema),
      },
    });
  assert.deepEqual(await refusalVia(trailersOnly), CONSENT_REQUIRED);

  // The same where an intermediary's error hides the details and its headers still have them.
  const error = new ConnectError('refused', Code.PermissionDenied, {
    'grpc-status-details-bin': encodeBinaryHeader(status, StatusSchema),
  });
  assert.deepEqual(refusalOf(error), CONSENT_REQUIRED);
});

test('a refusal over REST is read from its body', () => {
  const body = JSON.stringify({
    error: {
      code: 403,
      status: 'PERMISSION_DENIED',
      message: 'refused',
      details: [
        {
          '@type': 'type.googleapis.com/google.rpc.ErrorInfo',
          reason: 'CONSENT_REQUIRED',
          domain: 'selvedge',
          metadata: { method: 'foreign.v1.Echo/Say' },
        },
        {
          '@type': 'type.googleapis.com/selvedge.refusal.v1.AuthChallenge',
          additionalScopesToConsent: [STORAGE],
          retryable: true,
        },
        { '@type': 'type.googleapis.com/google.rpc.RequestInfo', requestId: TRACE_ID },
      ],
    },
  });
  assert.deepEqual(refusalOfResponse(403, body), CONSENT_REQUIRED);
  assert.deepEqual(refusalOfResponse(403, JSON.parse(body)), CONSENT_REQUIRED);
});

test('when to try again and where an administrator acts are read', () => {
  const error = new ConnectError('refused', Code.ResourceExhausted, undefined, [
    { desc: RetryInfoSchema, value: { retryDelay: { seconds: 60n, nanos: 500_000_000 } } },
    {
      desc: HelpSchema,
      value: {
        links: [
          { description: 'A tenant administrator consents here', url: 'https://login.example/consent' },
          { description: 'a script', url: 'javascript:alert(1)' },
          { description: 'no address', url: 'consent' },
        ],
      },
    },
  ]);
  const wire = new ConnectError('refused', Code.ResourceExhausted);
  wire.details = error.details.map((detail) => {
    assert.ok('desc' in detail);
    return {
      type: detail.desc.typeName,
      value: toBinary(detail.desc, create(detail.desc, detail.value)),
    };
  });

  const { retryAfterMs, links } = refusalOf(wire);

  assert.equal(retryAfterMs, 60_500);
  assert.deepEqual(links, [
    { description: 'A tenant administrator consents here', url: 'https://login.example/consent' },
  ]);
});

test('the headers of a reply tell what its body does not', () => {
  const headers = new Headers({
    'x-request-id': TRACE_ID,
    'selvedge-reason': 'OVERLOADED',
    'retry-after': '3',
  });
  const refusal = refusalOfResponse(429, '<html>busy</html>', headers);
  assert.equal(refusal.code, 'RESOURCE_EXHAUSTED');
  assert.equal(refusal.reason, 'OVERLOADED');
  assert.equal(refusal.retryAfterMs, 3_000);
  assert.equal(refusal.traceId, TRACE_ID);
});

// === What is no refusal ===

const unreachable = Object.assign(() => Promise.reject(new TypeError('Failed to fetch')), {});

test('a service that cannot be reached is unavailable', async () => {
  assert.equal((await refusalVia(unreachable)).code, 'UNAVAILABLE');
  assert.equal(refusalOf(new TypeError('Failed to fetch')).code, 'UNAVAILABLE');
  assert.equal(refusalOfResponse(0, '').code, 'UNAVAILABLE');
});

test('a reply that breaks off is a service that cannot be reached', async () => {
  const cut = async () =>
    new Response(new Uint8Array(), { headers: { 'content-type': 'application/grpc-web+proto' } });
  assert.equal((await refusalVia(cut)).code, 'UNAVAILABLE');

  // The first message arrives; then the connection is gone.
  const frame = Uint8Array.of(0, 0, 0, 0, 0);
  for (const [name, end] of [
    ['closed', (body: ReadableStreamDefaultController) => body.close()],
    ['reset', (body: ReadableStreamDefaultController) => body.error(new TypeError('network error'))],
  ] as const) {
    const body = () => {
      let sent = false;
      return new ReadableStream({
        pull(controller) {
          if (sent) return end(controller);
          sent = true;
          controller.enqueue(frame);
        },
      });
    };
    const transport = createGrpcWebTransport({
      baseUrl: 'https://service.example',
      fetch: async () =>
        new Response(body(), { headers: { 'content-type': 'application/grpc-web+proto' } }),
    });
    const heard: string[] = [];
    await assert.rejects(
      async () => {
        for await (const { value } of createClient(EchoService, transport).watch({})) heard.push(value);
      },
      (error) => {
        assert.equal(refusalOf(error).code, 'UNAVAILABLE', name);
        return true;
      },
    );
    assert.deepEqual(heard, [''], name);
  }
});

test('a call that was given up is cancelled', async () => {
  const call = echo({ say: () => ({}) }, []).say({}, { signal: AbortSignal.abort() });
  await assert.rejects(call, (error) => refusalOf(error).code === 'CANCELLED');
  assert.equal(refusalOf(new DOMException('', 'AbortError')).code, 'CANCELLED');
  assert.equal(refusalOf(new DOMException('', 'TimeoutError')).code, 'DEADLINE_EXCEEDED');
});

test('an error that holds a refusal is that refusal', () => {
  const refusal = refusalOfResponse(404, '');
  assert.equal(refusalOf(new RefusedError(refusal)), refusal);
});

const hostile = {
  get name(): string {
    throw new Error('a trap');
  },
};

for (const garbage of [
  undefined,
  null,
  0,
  'text',
  Symbol('s'),
  {},
  [],
  { error: 1 },
  { message: 5 },
  { name: 'x', message: {} },
  hostile,
  new Error('foreign'),
  () => {},
]) {
  test(`${typeof garbage} ${String(JSON.stringify(garbage === hostile ? 'a trap' : garbage))} is no refusal and is read all the same`, () => {
    const refusal = refusalOf(garbage);
    assert.equal(refusal.code, 'UNKNOWN');
    assert.equal(refusal.reason, '');
    assert.equal(refusal.challenge, undefined);
    assert.equal(refusal.retryable, false);
  });
}

for (const [status, body, code] of [
  [200, '', 'UNKNOWN'],
  [400, '{"error":', 'INVALID_ARGUMENT'],
  [401, '{"error":"text"}', 'UNAUTHENTICATED'],
  [403, '{"error":{"status":"NO_SUCH_CODE","details":"none"}}', 'PERMISSION_DENIED'],
  [418, '[]', 'FAILED_PRECONDITION'],
  [500, '<html></html>', 'INTERNAL'],
  [502, null, 'UNAVAILABLE'],
  [599, new Uint8Array(3), 'INTERNAL'],
  [403, { error: { details: [null, 3, {}, { '@type': 5 }, { '@type': 'google.rpc.ErrorInfo', reason: 7 }] } }, 'PERMISSION_DENIED'],
] as const) {
  test(`a reply ${status} without a refusal in it is read by its status: ${code}`, () => {
    const refusal = refusalOfResponse(status, body);
    assert.equal(refusal.code, code);
    assert.equal(refusal.reason, '');
    assert.deepEqual(refusal.metadata, {});
  });
}

test('details that cannot be read are passed over', () => {
  const error = new ConnectError('refused', Code.PermissionDenied);
  error.details = [
    { type: 'google.rpc.ErrorInfo', value: Uint8Array.of(0xff, 0xff) },
    { type: 'foreign.v1.Detail', value: new Uint8Array() },
    {
      type: AuthChallengeSchema.typeName,
      value: toBinary(AuthChallengeSchema, create(AuthChallengeSchema, { retryable: true })),
    },
  ];
  const refusal = refusalOf(error);
  assert.equal(refusal.reason, '');
  assert.deepEqual(refusal.challenge, {});
  assert.equal(refusal.retryable, true);
});

test("another domain's reason is not taken for one of the service's", () => {
  const refusal = refusalOfResponse(403, {
    error: {
      details: [
        {
          '@type': 'type.googleapis.com/google.rpc.ErrorInfo',
          reason: 'CONSENT_REQUIRED',
          domain: 'googleapis.com',
        },
      ],
    },
  });
  assert.equal(refusal.reason, '');
});

// === Bounds ===

test('what is shown is bounded and has no control characters', () => {
  const metadata = Object.fromEntries(Array.from({ length: 500 }, (_, n) => [`key${n}`, 'v'.repeat(5000)]));
  const refusal = refusalOfResponse(403, {
    error: {
      message: `line\r\n\u202e\u0000${'x'.repeat(10_000)}`,
      details: [
        { '@type': 'type.googleapis.com/google.rpc.ErrorInfo', domain: 'selvedge', metadata },
        { '@type': 'type.googleapis.com/google.rpc.RequestInfo', requestId: 't'.repeat(5000) },
      ],
    },
  });
  assert.equal(refusal.message.length, 500);
  assert.match(refusal.message, /^line x+…$/);
  assert.equal(Object.keys(refusal.metadata).length, 32);
  assert.ok(Object.values(refusal.metadata).every((value) => value.length <= 256));
  assert.equal(refusal.traceId?.length, 64);
});

test('a challenge is passed on whole or not at all', () => {
  const challenged = (challenge: object) =>
    refusalOfResponse(401, {
      error: {
        details: [{ '@type': 'type.googleapis.com/selvedge.refusal.v1.AuthChallenge', ...challenge }],
      },
    }).challenge;

  assert.deepEqual(challenged({ claimsForConditionalAccessPolicy: CLAIMS }), {
    claimsForConditionalAccessPolicy: CLAIMS,
  });
  assert.equal(challenged({ claimsForConditionalAccessPolicy: 'x'.repeat(9000) }), undefined);
  assert.equal(challenged({ additionalScopesToConsent: Array(21).fill('scope') }), undefined);
});
