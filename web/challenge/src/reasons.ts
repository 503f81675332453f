// What each of the service's reasons means to a user. Total: a reason that the contract gains does not
// compile without its row.

import type { Reason } from '../gen/selvedge/refusal/v1/reason_pb.ts';

export type ReasonName = Exclude<keyof typeof Reason, 'UNSPECIFIED'>;

export interface Row {
  title: string;
  text: string;
  // Who can do something about it.
  actor: string;
  // Whether the same call may succeed later although nobody did anything.
  retry?: boolean;
  // What the button of a claims challenge says.
  verify?: string;
}

const YOU = 'You';
const PUBLISHER = 'The publisher of this workload';
const OPERATOR = 'The operator of this workload';
const ADMINISTRATOR = 'Your tenant administrator';
const FABRIC = 'Microsoft Fabric';

// === Rows that several reasons share ===

const TOKEN_NOT_ACCEPTED: Row = {
  title: 'Your sign-in is not accepted here',
  text: 'The page sent a token that the service does not take.',
  actor: PUBLISHER,
};

const REQUEST_NOT_ACCEPTED: Row = {
  title: 'The request was not understood',
  text: 'The page sent something that the service cannot read.',
  actor: PUBLISHER,
};

const SIGN_IN_EXPIRED: Row = {
  title: 'Your sign-in has expired',
  text: 'Sign in again to go on.',
  actor: YOU,
  retry: true,
};

const VERIFY: Row = {
  title: 'Confirm that it is you',
  text: 'Your organization asks for another proof of who you are before this can be done.',
  actor: YOU,
  verify: 'Verify it is you',
};

const REGISTRATION: Row = {
  title: 'This workload is not set up correctly',
  text: 'Its registration does not give your sign-in what the service needs.',
  actor: PUBLISHER,
};

const SERVICE_FAULT: Row = {
  title: 'The service is at fault',
  text: 'It failed, and nothing you can do mends it. The trace id leads its operator to the cause.',
  actor: OPERATOR,
};

const SIGN_IN_SERVICE_BUSY: Row = {
  title: 'Sign-in is busy',
  text: 'Microsoft Entra asks for a pause. Wait a little and try again.',
  actor: YOU,
  retry: true,
};

const SIGN_IN_SERVICE_DOWN: Row = {
  title: 'Sign-in is not available',
  text: 'Microsoft Entra does not answer. Try again in a moment.',
  actor: YOU,
  retry: true,
};

const FABRIC_FORM: Row = {
  title: 'Fabric called in an unexpected way',
  text: 'The call did not carry what the service needs.',
  actor: FABRIC,
};

export const BY_REASON: Record<ReasonName, Row> = {
  // === Who the user is ===
  CREDENTIALS_MISSING: TOKEN_NOT_ACCEPTED,
  AUTH_SCHEME_UNSUPPORTED: TOKEN_NOT_ACCEPTED,
  AUTH_HEADER_MALFORMED: TOKEN_NOT_ACCEPTED,
  AUTH_HEADER_DUPLICATED: TOKEN_NOT_ACCEPTED,
  TOKEN_TOO_LARGE: {
    title: 'Your sign-in is too large',
    text: 'You may be in too many groups: an administrator can keep them out of the token.',
    actor: ADMINISTRATOR,
  },
  TOKEN_MALFORMED: TOKEN_NOT_ACCEPTED,
  TOKEN_HEADER_INVALID: TOKEN_NOT_ACCEPTED,
  TOKEN_ALG_NOT_ALLOWED: TOKEN_NOT_ACCEPTED,
  TOKEN_CRITICAL_HEADER_UNSUPPORTED: TOKEN_NOT_ACCEPTED,
  TOKEN_TYPE_NOT_ALLOWED: TOKEN_NOT_ACCEPTED,
  SIGNING_KEY_UNKNOWN: TOKEN_NOT_ACCEPTED,
  TOKEN_SIGNATURE_INVALID: TOKEN_NOT_ACCEPTED,
  TOKEN_EXPIRED: SIGN_IN_EXPIRED,
  TOKEN_NOT_YET_VALID: {
    title: 'Your sign-in is not valid yet',
    text: 'The clock of this computer may be wrong. Check it and try again.',
    actor: YOU,
    retry: true,
  },
  TOKEN_LIFETIME_TOO_LONG: TOKEN_NOT_ACCEPTED,
  TOKEN_CLAIM_MISSING: REGISTRATION,
  TOKEN_CLAIM_INVALID: REGISTRATION,
  TOKEN_VERSION_UNSUPPORTED: REGISTRATION,
  TOKEN_AUDIENCE_MISMATCH: TOKEN_NOT_ACCEPTED,
  TOKEN_ISSUER_MISMATCH: TOKEN_NOT_ACCEPTED,
  TENANT_MISMATCH: TOKEN_NOT_ACCEPTED,
  TENANT_NOT_ALLOWED: {
    title: 'Your organization does not use this workload yet',
    text: 'The service is open only to organizations that it has been set up for.',
    actor: OPERATOR,
  },
  CLIENT_APP_NOT_ALLOWED: {
    title: 'This page may not use the service',
    text: 'The service does not take calls from this application.',
    actor: PUBLISHER,
  },
  SCOPE_MISSING: {
    title: 'A permission is missing',
    text: 'This application has not been given the permission that this needs.',
    actor: PUBLISHER,
  },
  APP_ROLE_MISSING: {
    title: 'You do not have the role for this',
    text: 'Only people whom an administrator has assigned a certain role can do this.',
    actor: ADMINISTRATOR,
  },
  APP_ONLY_NOT_ALLOWED: TOKEN_NOT_ACCEPTED,
  DELEGATED_NOT_ALLOWED: TOKEN_NOT_ACCEPTED,
  CLAIMS_CHALLENGE_REQUIRED: VERIFY,
  STEP_UP_UNSUPPORTED_BY_CLIENT: {
    title: 'This page cannot ask for another proof',
    text: 'The service needs another proof of who you are, and this page cannot ask you for it.',
    actor: PUBLISHER,
  },
  STEP_UP_REQUIRED: { ...VERIFY, text: 'Sign in again with another proof of who you are.' },

  // === What was asked for ===
  METHOD_NOT_FOUND: {
    title: 'The service cannot do this',
    text: 'This page and the service do not fit together: one of them is older.',
    actor: PUBLISHER,
  },
  METHOD_POLICY_MISSING: SERVICE_FAULT,
  SIGNING_KEYS_UNAVAILABLE: SIGN_IN_SERVICE_DOWN,
  FIELD_INVALID: {
    title: 'Something you entered is not valid',
    text: 'Check what you entered and try again.',
    actor: YOU,
  },
  TIMEOUT_HEADER_INVALID: REQUEST_NOT_ACCEPTED,
  PAYLOAD_TOO_LARGE: {
    title: 'This is too large',
    text: 'The service takes less at a time. Send less.',
    actor: YOU,
  },
  PAYLOAD_MALFORMED: REQUEST_NOT_ACCEPTED,
  PAYLOAD_ENCODING_UNSUPPORTED: REQUEST_NOT_ACCEPTED,
  PAYLOAD_FRAME_INVALID: REQUEST_NOT_ACCEPTED,
  RESOURCE_NOT_FOUND: {
    title: 'Not found',
    text: 'It does not exist any more, or it is not yours.',
    actor: YOU,
  },
  DEADLINE_EXCEEDED: {
    title: 'This took too long',
    text: 'There was no answer in time. What you asked for may still have been done.',
    actor: YOU,
    retry: true,
  },
  OVERLOADED: {
    title: 'The service is busy',
    text: 'It has no room for this now. Wait a little and try again.',
    actor: YOU,
    retry: true,
  },
  SHUTTING_DOWN: {
    title: 'The service is restarting',
    text: 'Try again in a moment.',
    actor: YOU,
    retry: true,
  },
  STORE_UNAVAILABLE: {
    title: 'Your records cannot be reached',
    text: 'Where they are kept does not answer. Try again in a moment.',
    actor: OPERATOR,
    retry: true,
  },
  STORE_CONFLICT: {
    title: 'This has changed meanwhile',
    text: 'Somebody, perhaps you in another tab, has changed it. Read it again and repeat.',
    actor: YOU,
  },
  STORE_FULL: {
    title: 'There is no room left',
    text: 'Nothing more can be stored until room is made.',
    actor: OPERATOR,
  },
  INTERNAL_FAULT: SERVICE_FAULT,

  // === Acting for the user elsewhere ===
  CONSENT_REQUIRED: {
    title: 'Your consent is needed',
    text: 'To do this for you, the workload needs a permission that you have not given yet.',
    actor: 'You, or your tenant administrator',
  },
  INTERACTION_REQUIRED: VERIFY,
  BLOCKED_BY_POLICY: {
    title: 'Your organization does not allow this',
    text: 'A policy of your organization keeps you from it, and nothing you do now changes that.',
    actor: ADMINISTRATOR,
  },
  SUBJECT_TOKEN_REJECTED: SIGN_IN_EXPIRED,
  EXCHANGE_APP_ONLY_UNSUPPORTED: TOKEN_NOT_ACCEPTED,
  CLIENT_CREDENTIAL_INVALID: SERVICE_FAULT,
  CLIENT_UNAUTHORIZED: {
    title: 'This workload is not approved in your organization',
    text: 'An administrator of your organization has to approve it first.',
    actor: ADMINISTRATOR,
  },
  DOWNSTREAM_SCOPE_INVALID: {
    title: 'The permissions asked for do not exist',
    text: 'The workload asks for permissions that do not exist.',
    actor: PUBLISHER,
  },
  DOWNSTREAM_RESOURCE_INVALID: {
    title: 'Your organization does not have what this needs',
    text: 'An API that the workload uses is not available in your organization.',
    actor: ADMINISTRATOR,
  },
  DOWNSTREAM_SCOPE_NOT_ALLOWED: {
    title: 'This component asks for more than it may have',
    text: 'It asks for a permission that is not on its list.',
    actor: PUBLISHER,
  },
  AUTHORITY_THROTTLED: SIGN_IN_SERVICE_BUSY,
  AUTHORITY_LOOP_DETECTED: SIGN_IN_SERVICE_BUSY,
  AUTHORITY_UNAVAILABLE: SIGN_IN_SERVICE_DOWN,
  AUTHORITY_TIMEOUT: SIGN_IN_SERVICE_DOWN,
  AUTHORITY_RESPONSE_INVALID: SERVICE_FAULT,
  DOWNSTREAM_CLAIMS_CHALLENGE: VERIFY,
  DOWNSTREAM_UNAUTHORIZED: SERVICE_FAULT,
  DOWNSTREAM_FORBIDDEN: {
    title: 'You may not do this here',
    text: 'You lack the permission for it in this workspace.',
    actor: 'An administrator of the workspace',
  },
  DOWNSTREAM_THROTTLED: {
    title: 'Fabric is busy',
    text: 'It asks for a pause. Wait a little and try again.',
    actor: YOU,
    retry: true,
  },
  DOWNSTREAM_UNAVAILABLE: {
    title: 'Fabric cannot be reached',
    text: 'It does not answer. Try again in a moment.',
    actor: YOU,
    retry: true,
  },
  DOWNSTREAM_REJECTED: {
    title: 'Fabric does not accept this',
    text: 'What you asked for is not possible as it is, for example because the name is taken.',
    actor: YOU,
  },
  DOWNSTREAM_RESPONSE_INVALID: SERVICE_FAULT,
  DOWNSTREAM_OPERATION_FAILED: {
    title: 'Fabric did not finish this',
    text: 'It began, and then failed, for example because its capacity is paused.',
    actor: YOU,
  },

  // === Items and jobs ===
  ITEM_PERMISSION_DENIED: {
    title: 'You do not have access to this item',
    text: 'Its owner can share it with you.',
    actor: "The item's owner",
  },
  SUBJECT_TOKEN_REQUIRED: FABRIC_FORM,
  SUBJECT_APP_MISMATCH: FABRIC_FORM,
  TENANT_HEADER_INVALID: FABRIC_FORM,
  ITEM_NOT_FOUND: {
    title: 'This item does not exist',
    text: 'It has been deleted, or it is not known to the workload yet.',
    actor: FABRIC,
  },
  JOB_STATE_CONFLICT: {
    title: 'This job has already ended',
    text: 'What has ended cannot be changed. Start a new one.',
    actor: YOU,
  },
  IDEMPOTENCY_CONFLICT: {
    title: 'It exists already',
    text: 'Something else has been made under the same id.',
    actor: YOU,
  },
  JOB_FAILED: {
    title: 'The job has failed',
    text: 'Its details say why, and who can do something about it.',
    actor: YOU,
  },
  SEALING_KEY_UNAVAILABLE: SERVICE_FAULT,
  ENDPOINT_NOT_CONFIGURED: SERVICE_FAULT,
  AUDIT_UNAVAILABLE: {
    title: 'The service cannot keep its records',
    text: 'It answers no call that it cannot account for. Try again in a moment.',
    actor: OPERATOR,
    retry: true,
  },
};

export function isReason(reason: string): reason is ReasonName {
  return Object.hasOwn(BY_REASON, reason);
}
