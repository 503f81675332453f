// Where the portal is: the workload and its path, kept in the fragment of the address, so that a
// reload comes back to it and the browser's buttons work.

import type { Workload } from '../config.ts';

export interface Place {
  readonly workload: Workload;
  /** Path and query. */
  readonly path: string;
}

/** Reads a fragment; the first workload's root when it names none. */
export function placeOf(hash: string, workloads: readonly Workload[]): Place | undefined {
  const [, encoded = '', path = '/'] = /^#\/([^/?]+)(\/.*)?$/s.exec(hash) ?? [];
  const named = workloads.find((workload) => encodeURIComponent(workload.name) === encoded);
  if (named) return { workload: named, path };
  const [first] = workloads;
  return first && { workload: first, path: '/' };
}

export function hashOf({ workload, path }: Place): string {
  return `#/${encodeURIComponent(workload.name)}${path}`;
}
