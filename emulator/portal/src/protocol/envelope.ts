// The one shape of every message: a name with its kind in `type`, whom it is from, which request it
// belongs to, and the parameters or results beside them at the top level.

export type Fields = Record<string, unknown>;

export type Kind = 'one-way' | 'start' | 'resolve' | 'reject';

export interface Envelope {
  readonly kind: Kind;
  readonly name: string;
  readonly iframeId: string | null;
  /** Which request it is or answers; not on a one-way message. */
  readonly asyncId?: string;
  readonly fields: Fields;
}

const KINDS: Record<string, Kind> = { Start: 'start', Resolve: 'resolve', Reject: 'reject' };
const TYPE = /^\[(Start|Resolve|Reject)\] (.+)$/s;

/** Reads a message with API names; `undefined` when it is not one. */
export function parse(message: unknown): Envelope | undefined {
  if (typeof message !== 'object' || message === null) return undefined;
  const { type, iframeId, asyncId, ...fields } = message as Fields;
  if (typeof type !== 'string' || (typeof iframeId !== 'string' && iframeId !== null)) {
    return undefined;
  }
  const [, prefix = '', name = type] = TYPE.exec(type) ?? [];
  const kind = KINDS[prefix] ?? 'one-way';
  if (kind === 'one-way') return { kind, name, iframeId, fields };
  if (typeof asyncId !== 'string') return undefined;
  return { kind, name, iframeId, asyncId, fields };
}

export function oneWay(name: string, iframeId: string, fields: Fields): Fields {
  return { ...fields, type: name, iframeId };
}

export function start(name: string, asyncId: string, iframeId: string, fields: Fields): Fields {
  return { ...fields, type: `[Start] ${name}`, asyncId, iframeId };
}

export function resolve(request: Envelope, fields: Fields): Fields {
  return reply('Resolve', request, fields);
}

export function reject(request: Envelope, fields: Fields): Fields {
  return reply('Reject', request, fields);
}

function reply(prefix: string, request: Envelope, fields: Fields): Fields {
  const { name, asyncId, iframeId } = request;
  return { ...fields, type: `[${prefix}] ${name}`, asyncId, iframeId };
}
