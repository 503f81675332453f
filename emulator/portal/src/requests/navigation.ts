// Going somewhere: to another path of the workload, to a page of the portal, to another tab.

import { target } from '../frames/address.ts';
import type { Answers, Portal } from '../portal.ts';
import { Rejection } from '../protocol/rejection.ts';
import { object, text } from './fields.ts';

export function navigation({ host, warn }: Portal): Answers {
  return [
    [
      'NavigateWorkloadAsync',
      async (fields, from) => {
        const path = target(text(fields, 'path') ?? '/', fields['queryParams']);
        if (from.type === 'page' || from.type === 'worker') {
          return { success: await host.navigate(path, fields['replaceUrl'] === true) };
        }
        from.navigate(path);
        return { success: true };
      },
    ],
    [
      'NavigateAsync',
      (fields) => {
        warn(`This portal has no page ${text(fields, 'path') ?? ''}`);
        return { success: false };
      },
    ],
    [
      'OpenPage',
      async (fields) => {
        const route = object(fields, 'route');
        const path = target(text(route, 'path') ?? '/', route['queryParams']);
        if (await host.navigate(path)) return {};
        throw new Rejection({ error: { message: { code: 'NavigationDenied' } } });
      },
    ],
    [
      'OpenBrowserTabAsync',
      (fields) => {
        const url = tabUrl(text(fields, 'url') ?? '', fields['queryParams']);
        if (!url || !navigator.userActivation.isActive) return { success: false };
        window.open(url, '_blank', 'noopener');
        return { success: true };
      },
    ],
    [
      'ListenLeave',
      (_, from) => {
        from.listensToLeave = true;
      },
    ],
    ['ListenLeaveEnd', () => ({})],
  ];
}

/** An address of the web with parameters; `undefined` for any other. */
function tabUrl(address: string, queryParams: unknown): string | undefined {
  const url = URL.parse(address);
  if (!url || !['http:', 'https:'].includes(url.protocol)) return undefined;
  for (const [name, value] of Object.entries(queryParams ?? {})) {
    url.searchParams.append(name, String(value));
  }
  return url.href;
}
