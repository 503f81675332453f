// What the host says when it gives no token: the numbers of the SDK's `WorkloadAuthError`.

export interface SdkError {
  // As the SDK names it.
  name: string;
  text: string;
}

const ERRORS: Record<number, SdkError> = {
  0: {
    name: 'UnsupportedError',
    text: 'The host cannot acquire tokens for workloads here.',
  },
  1: {
    name: 'UserInteractionFailedError',
    text: 'The dialog was not completed: it was declined or closed, or the browser blocked it.',
  },
  2: {
    name: 'WorkloadConfigError',
    text: 'The registration of the workload does not fit: its redirect address or its audience.',
  },
  3: { name: 'UnknownError', text: 'The host could not acquire a token, and does not say why.' },
  4: { name: 'ScopesError', text: 'A scope that was asked for is not acceptable.' },
};

// The SDK rejects with a plain object `{error: n}`, never with an `Error`.
export function sdkErrorOf(rejection: unknown): SdkError {
  const { error } = Object(rejection) as { error?: unknown };
  const known = typeof error === 'number' ? ERRORS[error] : undefined;
  return known ?? { name: 'Unknown rejection', text: 'The host rejected the call without a number that the SDK knows.' };
}

export function numberOf(rejection: unknown): number | undefined {
  const { error } = Object(rejection) as { error?: unknown };
  return typeof error === 'number' ? error : undefined;
}
