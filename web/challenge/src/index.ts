// Turns a refusal of a Selvedge service into `acquireAccessToken` and one retry, and explains what
// remains.

export type { TokenSource } from './answers.ts';
export type { CodeName } from './codes.ts';
export { explain, type Action, type Explanation } from './explain.ts';
export { heal, refusalOfRejection, type HealOptions, type HealingOptions } from './heal.ts';
export { answering, healing, type InterceptorOptions } from './healing.ts';
export type { Healing, HealingOutcome } from './healing-failure.ts';
export {
  refusalOf,
  refusalOfResponse,
  RefusedError,
  type Challenge,
  type Link,
  type Refusal,
} from './refusal.ts';
