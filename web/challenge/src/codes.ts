// The codes of gRPC by name, and which of them an HTTP status stands for where nothing else is told.

const NAMES = [
  'OK',
  'CANCELLED',
  'UNKNOWN',
  'INVALID_ARGUMENT',
  'DEADLINE_EXCEEDED',
  'NOT_FOUND',
  'ALREADY_EXISTS',
  'PERMISSION_DENIED',
  'RESOURCE_EXHAUSTED',
  'FAILED_PRECONDITION',
  'ABORTED',
  'OUT_OF_RANGE',
  'UNIMPLEMENTED',
  'INTERNAL',
  'UNAVAILABLE',
  'DATA_LOSS',
  'UNAUTHENTICATED',
] as const;

export type CodeName = (typeof NAMES)[number];

export function codeName(code: number): CodeName {
  return NAMES[code] ?? 'UNKNOWN';
}

// The code that a REST reply tells by name; else what its status says.
export function codeOfHttp(status: number, told: string): CodeName {
  return NAMES.find((name) => name === told) ?? BY_STATUS[status] ?? byClass(status);
}

// google.rpc.Code's own table, read from right to left.
const BY_STATUS: Record<number, CodeName> = {
  // No reply: the network failed, or the service does not know the page's origin.
  0: 'UNAVAILABLE',
  400: 'INVALID_ARGUMENT',
  401: 'UNAUTHENTICATED',
  403: 'PERMISSION_DENIED',
  404: 'NOT_FOUND',
  408: 'DEADLINE_EXCEEDED',
  409: 'ABORTED',
  412: 'FAILED_PRECONDITION',
  413: 'RESOURCE_EXHAUSTED',
  429: 'RESOURCE_EXHAUSTED',
  499: 'CANCELLED',
  500: 'INTERNAL',
  501: 'UNIMPLEMENTED',
  502: 'UNAVAILABLE',
  503: 'UNAVAILABLE',
  504: 'DEADLINE_EXCEEDED',
};

function byClass(status: number): CodeName {
  if (status >= 500) return 'INTERNAL';
  return status >= 400 ? 'FAILED_PRECONDITION' : 'UNKNOWN';
}
