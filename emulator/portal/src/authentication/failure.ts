// What a workload is told when there is no token: the numbers that Fabric's client knows, and the
// authority's own code beside them.

import { AuthError } from '@azure/msal-browser';
import { Rejection, TokenError, noToken } from '../protocol/rejection.ts';

/** Codes of Entra that a person at the window can do nothing about. */
const CONFIGURATION = new Set([
  'AADSTS50011', // redirect URI
  'AADSTS500011', // resource unknown in the tenant
  'AADSTS650052', // no service principal of the application in the tenant
  'AADSTS650057', // resource not listed in the registration
  'AADSTS700016', // application unknown in the tenant
]);
const SCOPES = new Set(['AADSTS65005', 'AADSTS70011', 'AADSTS650053']);

/** The number for a code of the authority. */
export function tokenErrorOf(errorCode: string | undefined): TokenError {
  if (!errorCode) return TokenError.UserInteractionFailed;
  if (CONFIGURATION.has(errorCode)) return TokenError.WorkloadConfig;
  if (SCOPES.has(errorCode)) return TokenError.Scopes;
  return TokenError.UserInteractionFailed;
}

/** The code that a description of the authority starts with. */
export function errorCodeIn(description: string): string | undefined {
  return /AADSTS\d+/.exec(description)?.[0];
}

/** What to reject with for what MSAL threw. */
export function failure(thrown: unknown): Rejection {
  if (thrown instanceof Rejection) return thrown;
  if (!(thrown instanceof AuthError)) return noToken(TokenError.Unknown, 'no token was acquired');
  const errorCode = errorCodeIn(thrown.errorMessage);
  if (errorCode) return noToken(tokenErrorOf(errorCode), thrown.errorMessage, errorCode);
  if (thrown.errorCode === 'user_cancelled') {
    return noToken(TokenError.UserInteractionFailed, 'the window was closed', thrown.errorCode);
  }
  return noToken(TokenError.Unknown, thrown.errorMessage, thrown.errorCode);
}
