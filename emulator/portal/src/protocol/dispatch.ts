// Answers requests. Fabric's client has no time-outs, so a request that nobody answered would hang
// for ever: every `[Start]` gets one answer, and only one, whatever its handler does.

import { reject, resolve, type Envelope, type Fields } from './envelope.ts';
import { notImplemented, rejectionFields } from './rejection.ts';

/** Answers one kind of request; what it throws is the rejection. */
export type Handler<Caller> = (fields: Fields, caller: Caller) => Fields | void | Promise<Fields | void>;

/** Handlers by the API's name of the request. */
export type Handlers<Caller> = ReadonlyMap<string, Handler<Caller>>;

/** Runs the handler of a request and sends its answer. */
export async function answer<Caller>(
  handlers: Handlers<Caller>,
  request: Envelope,
  caller: Caller,
  send: (message: Fields) => void,
): Promise<void> {
  let message: Fields;
  try {
    const handler = handlers.get(request.name);
    if (!handler) throw notImplemented();
    message = resolve(request, (await handler(request.fields, caller)) ?? {});
  } catch (thrown) {
    message = reject(request, rejectionFields(thrown));
  }
  try {
    send(message);
  } catch (thrown) {
    // A result that cannot be cloned, such as one with a function in it.
    send(reject(request, rejectionFields(thrown)));
  }
}
