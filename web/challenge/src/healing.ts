// The interceptor of Connect that heals calls: every call gets a token, and one that is refused with
// an answerable challenge is made once more.

import {
  Code,
  ConnectError,
  createContextKey,
  createContextValues,
  type ContextValues,
  type Interceptor,
  type StreamResponse,
} from '@connectrpc/connect';

import { heal, type HealingOptions } from './heal.ts';
import type { TokenSource } from './answers.ts';
import type { Challenge } from './refusal.ts';

export interface InterceptorOptions extends HealingOptions {
  // How long each attempt of a unary call may take. The time that a user spends in a dialog is not
  // part of it, as it is of Connect's own `timeoutMs`, which bounds the call as a whole.
  timeoutMs?: number;
}

const ANSWER = createContextKey<Challenge | undefined>(undefined, { description: 'challenge' });

// The context of a call that begins with a click on "give consent" or the like: its dialog opens at
// once, and the call is marked as the retry of the one that was refused.
export function answering(challenge: Challenge): ContextValues {
  return createContextValues().set(ANSWER, challenge);
}

// Heals unary and server-streaming calls. A stream's refusal is healed where it comes before the first
// message; a stream is handed over with its first message, or its end. Calls whose client streams get
// a token and no retry: what they have sent is gone.
export function healing(source: TokenSource, options: InterceptorOptions = {}): Interceptor {
  return (next) => async (request) => {
    const { signal } = request;
    const answer = request.contextValues.get(ANSWER);
    const healed = { mayPrompt: options.mayPrompt, signal, answer };
    const header = (added: Record<string, string>) => {
      const header = new Headers(request.header);
      for (const [name, value] of Object.entries(added)) header.set(name, value);
      return header;
    };
    if (!request.stream) {
      return heal(
        source,
        (added) => {
          const limited = limit(signal, options.timeoutMs);
          if (options.timeoutMs) added['grpc-timeout'] = `${Math.ceil(options.timeoutMs)}m`;
          const call = next({ ...request, header: header(added), signal: limited.signal });
          return call.catch(limited.rethrow).finally(limited.clear);
        },
        healed,
      );
    }
    if (request.method.methodKind !== 'server_streaming') {
      const once = { ...healed, once: true };
      return heal(source, (added) => next({ ...request, header: header(added) }), once);
    }
    const input = await all(request.message);
    return heal(
      source,
      async (added) => {
        const response = await next({ ...request, header: header(added), message: replay(input) });
        return response.stream ? begun(response) : response;
      },
      healed,
    );
  };
}

// The deadline of one attempt.
function limit(signal: AbortSignal, timeoutMs: number | undefined) {
  const deadline = new AbortController();
  const expire = () => {
    deadline.abort(new ConnectError('the operation timed out', Code.DeadlineExceeded));
  };
  const timer = timeoutMs ? setTimeout(expire, timeoutMs) : undefined;
  return {
    signal: timeoutMs ? AbortSignal.any([signal, deadline.signal]) : signal,
    clear: () => clearTimeout(timer),
    // `fetch` throws an error of its own.
    rethrow: (error: unknown): never => {
      throw deadline.signal.aborted && !signal.aborted ? deadline.signal.reason : error;
    },
  };
}

async function all<T>(messages: AsyncIterable<T>): Promise<T[]> {
  const all = [];
  for await (const message of messages) all.push(message);
  return all;
}

async function* replay<T>(messages: T[]): AsyncGenerator<T> {
  yield* messages;
}

// The response once its first message is there, so that a refusal in its place is thrown here.
async function begun(response: StreamResponse): Promise<StreamResponse> {
  const messages = response.message[Symbol.asyncIterator]();
  const first = await messages.next();
  return { ...response, message: resumed(first, messages) };
}

async function* resumed<T>(first: IteratorResult<T>, rest: AsyncIterator<T>): AsyncGenerator<T> {
  try {
    for (let it = first; !it.done; it = await rest.next()) yield it.value;
  } finally {
    await rest.return?.();
  }
}
