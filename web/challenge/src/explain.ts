// What a refusal means to the user who meets it: what happened, who can do something about it, and
// what the page can offer. No word of it is the service's own jargon.

import { asksUser } from './answers.ts';
import type { CodeName } from './codes.ts';
import type { HealingOutcome } from './healing-failure.ts';
import { BY_REASON, isReason, type Row } from './reasons.ts';
import type { Challenge, Refusal } from './refusal.ts';

export type Action =
  // Repeat the call with `answering(challenge)`, from the click on this very button.
  | { kind: 'answer'; label: string; challenge: Challenge }
  // Hand the challenge to `acquireAccessToken`: its dialog explains. The call is not repeated.
  | { kind: 'show'; label: string; challenge: Challenge }
  // Repeat the call, no sooner than this.
  | { kind: 'retry'; label: string; afterMs: number }
  // Read again what has changed.
  | { kind: 'reload'; label: string }
  | { kind: 'open'; label: string; url: string };

export interface Explanation {
  title: string;
  text: string;
  // Who can do something about it, for example "Your tenant administrator".
  actor: string;
  action?: Action;
}

export function explain(refusal: Refusal): Explanation {
  const row = isReason(refusal.reason) ? BY_REASON[refusal.reason] : BY_CODE[refusal.code];
  const { title, text, actor } = refusal.healing
    ? afterHealing(row, refusal, refusal.healing.outcome)
    : row;
  const action = actionFor(row, refusal);
  return { title, text, actor, ...(action ? { action } : {}) };
}

// What became of the dialog matters more than why it opened.
function afterHealing(row: Row, refusal: Refusal, outcome: HealingOutcome): Row {
  const consent = refusal.challenge?.additionalScopesToConsent || refusal.challenge?.promptFullConsent;
  switch (outcome) {
    case 'needs-click':
      return row;
    case 'not-completed':
      return {
        title: consent ? 'You have not given consent' : 'You did not finish signing in',
        text: consent
          ? 'Nothing was changed. Without your consent this cannot be done for you. If no window ' +
            'appeared, allow windows to open from this site and try again.'
          : 'Nothing was changed. If no window appeared, allow windows to open from this site and ' +
            'try again.',
        actor: 'You',
      };
    case 'unsupported':
      return {
        title: 'This needs a window that cannot be shown here',
        text: `${row.text} Open this page in the browser, in the Fabric portal, and try again there.`,
        actor: 'You',
      };
    case 'misconfigured':
      return {
        title: 'This workload is not set up for sign-in',
        text: 'Its registration does not match this portal. Its publisher has to mend that.',
        actor: 'The publisher of this workload',
      };
    case 'scopes-invalid':
      return {
        title: 'The permissions asked for do not exist',
        text: 'The workload asks for permissions that your organization does not know.',
        actor: 'The publisher of this workload',
      };
    case 'not-enough':
      return {
        title: consent ? 'Consent was given, and is not enough' : 'The sign-in was not enough',
        text: consent
          ? 'Your organization may let only an administrator consent to this.'
          : 'Your organization asks for more than you could show. An administrator can tell you what.',
        actor: 'Your tenant administrator',
      };
    case 'failed':
      return refusal.reason === ''
        ? { title: 'You could not be signed in', text: 'Try again in a moment.', actor: 'You' }
        : { ...row, text: `${row.text} The attempt to do so has failed.` };
  }
}

function actionFor(row: Row, refusal: Refusal): Action | undefined {
  const { challenge, retryable, healing, links } = refusal;
  const [link] = links;
  if (challenge && !retryable) return { kind: 'show', label: 'See why', challenge };
  if (challenge && healing?.outcome !== 'not-enough' && healing?.outcome !== 'unsupported') {
    return { kind: 'answer', label: labelOf(challenge, row), challenge };
  }
  if (link) return { kind: 'open', label: link.description || 'Open the page', url: link.url };
  if (refusal.reason === 'STORE_CONFLICT') return { kind: 'reload', label: 'Read again' };
  if (refusal.retryAfterMs !== undefined || row.retry || (healing && !challenge)) {
    return { kind: 'retry', label: 'Try again', afterMs: refusal.retryAfterMs ?? 0 };
  }
  return undefined;
}

function labelOf(challenge: Challenge, row: Row): string {
  if (challenge.additionalScopesToConsent || challenge.promptFullConsent) return 'Give consent';
  if (asksUser(challenge)) return row.verify ?? 'Verify it is you';
  return 'Sign in again';
}

// For what nobody gives a reason for.
const BY_CODE: Record<CodeName, Row> = {
  OK: { title: 'Nothing is wrong', text: 'The call succeeded.', actor: 'Nobody' },
  CANCELLED: { title: 'Stopped', text: 'This was stopped before it was done.', actor: 'You', retry: true },
  UNKNOWN: {
    title: 'Something went wrong',
    text: 'The service gave no reason that this page knows.',
    actor: 'The operator of this workload',
    retry: true,
  },
  INVALID_ARGUMENT: {
    title: 'The service does not accept this',
    text: 'Something in the request is not valid.',
    actor: 'The publisher of this workload',
  },
  DEADLINE_EXCEEDED: {
    title: 'This took too long',
    text: 'There was no answer in time. What you asked for may still have been done.',
    actor: 'You',
    retry: true,
  },
  NOT_FOUND: { title: 'Not found', text: 'It does not exist, or not for you.', actor: 'You' },
  ALREADY_EXISTS: { title: 'It exists already', text: 'Choose another name.', actor: 'You' },
  PERMISSION_DENIED: {
    title: 'You may not do this',
    text: 'The service does not let you.',
    actor: 'Your tenant administrator',
  },
  RESOURCE_EXHAUSTED: {
    title: 'Too much at once',
    text: 'The service has no room for this now. Wait a little and try again.',
    actor: 'You',
    retry: true,
  },
  FAILED_PRECONDITION: {
    title: 'This cannot be done now',
    text: 'Something else has to be done first.',
    actor: 'You',
  },
  ABORTED: {
    title: 'Somebody else was faster',
    text: 'It has changed meanwhile. Read it again and repeat.',
    actor: 'You',
    retry: true,
  },
  OUT_OF_RANGE: { title: 'There is no more', text: 'What you asked for is past the end.', actor: 'You' },
  UNIMPLEMENTED: {
    title: 'The service cannot do this',
    text: 'This page and the service do not fit together.',
    actor: 'The publisher of this workload',
  },
  INTERNAL: {
    title: 'The service is at fault',
    text: 'It failed. The trace id leads its operator to the cause.',
    actor: 'The operator of this workload',
  },
  UNAVAILABLE: {
    title: 'The service cannot be reached',
    text: 'It does not answer, or your network does not let you through. Try again in a moment.',
    actor: 'You',
    retry: true,
  },
  DATA_LOSS: {
    title: 'Data is damaged',
    text: 'What is stored cannot be read.',
    actor: 'The operator of this workload',
  },
  UNAUTHENTICATED: {
    title: 'You are not signed in',
    text: 'The service does not know who you are. Try again; if that fails, sign in again.',
    actor: 'You',
    retry: true,
  },
};
