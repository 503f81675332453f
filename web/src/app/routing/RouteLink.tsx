// A link to another page of this front end: a true link, which follows without loading the frame anew.

import { Link } from '@fluentui/react-components';
import type { MouseEvent, ReactNode } from 'react';
import { pathOf, type Route } from './route.ts';
import { useRouter } from './router.ts';

interface RouteLinkProps {
  to: Route;
  // Where the text alone does not say where it leads.
  label?: string;
  children: ReactNode;
}

export function RouteLink({ to, label, children }: RouteLinkProps) {
  return (
    <Link href={pathOf(to)} onClick={useFollow(to)} aria-label={label}>
      {children}
    </Link>
  );
}

export function useFollow(to: Route): (event: MouseEvent) => void {
  const router = useRouter();
  return (event) => {
    // What opens another tab is the browser's.
    if (event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    router.go(to);
  };
}
