// The address of a frame: the workload's root, and what Fabric's client reads of its query.

import type { Workload } from '../config.ts';

export type FrameType = 'worker' | 'page' | 'panel' | 'dialog';

/** The address of a frame of a workload, hosted on `hostOrigin`. */
export function frameAddress(
  workload: Workload,
  type: FrameType,
  id: string,
  hostOrigin: string,
): string {
  const query = new URLSearchParams({
    __iframeId: id,
    __iframeType: type,
    __environmentName: 'DEFAULT',
    __extensionName: workload.name,
    // Byte for byte the origin: the client compares it with each message's.
    __extensionHostOrigin: hostOrigin,
  });
  return `${workload.url}/?${query}`;
}

/** A route as a path with a query. */
export function target(path: string, queryParams: unknown): string {
  const absolute = path.startsWith('/') ? path : `/${path}`;
  if (typeof queryParams !== 'object' || queryParams === null) return absolute;
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(queryParams)) {
    if (value !== undefined && value !== null) query.append(name, String(value));
  }
  if (query.size === 0) return absolute;
  return `${absolute}${absolute.includes('?') ? '&' : '?'}${query}`;
}
