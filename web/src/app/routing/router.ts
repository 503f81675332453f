// Where the frame is, and how it goes elsewhere: by a link, by the host's navigation, by the
// browser's back button.

import { createContext, useContext, useSyncExternalStore } from 'react';
import type { WorkloadClientAPI } from '@ms-fabric/workload-client';
import { frameUrl } from './frameUrl.ts';
import { pathOf, routeOf, type Route } from './route.ts';

export interface Router {
  route(): Route;
  subscribe(listener: () => void): () => void;
  go(route: Route): void;
}

// The host's navigation may come as soon as the frame is ready, before anything is drawn.
export function createRouter(client: WorkloadClientAPI, start: string | null): Router {
  const listeners = new Set<() => void>();
  let current = routeOf(`${location.pathname}${location.search}`);
  if (current.page === 'home' && start !== null) current = routeOf(`/${start.replace(/^\//, '')}`);

  const show = (route: Route) => {
    current = route;
    for (const listener of listeners) listener();
  };
  window.addEventListener('popstate', () => show(routeOf(`${location.pathname}${location.search}`)));
  client.navigation.onNavigate(({ targetUrl }) => {
    history.replaceState(null, '', frameUrl(targetUrl, location.search));
    show(routeOf(targetUrl));
  });

  return {
    route: () => current,
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    go(route) {
      history.pushState(null, '', frameUrl(pathOf(route), location.search));
      show(route);
    },
  };
}

export const RouterContext = createContext<Router | undefined>(undefined);

export function useRouter(): Router {
  const router = useContext(RouterContext);
  if (!router) throw new Error('outside the shell');
  return router;
}

export function useRoute(): Route {
  const router = useRouter();
  return useSyncExternalStore(router.subscribe, router.route);
}
