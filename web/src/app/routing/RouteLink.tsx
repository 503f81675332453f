// A link to another page of this front end: a true link, which follows without loading the frame anew.

import type { MouseEvent } from 'react';
import { Link } from '@fluentui/react-components';
import type { ReactNode } from 'react';
import { pathOf, type Route } from './route.ts';
import { useRouter } from './router.ts';

export function RouteLink({ to, children }: { to: Route; children: ReactNode }) {
  return (
    <Link href={pathOf(to)} onClick={useFollow(to)}>
      {children}
    </Link>
  );
}

export function useFollow(to: Route): (event: MouseEvent) => void {
  const router = useRouter();
  return (event) => {
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    router.go(to);
  };
}
