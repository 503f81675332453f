// The page that the route names. Its key is what it shows: another item or lakehouse is another page,
// whose calls begin anew.

import { AuthenticationPage } from '../authentication/AuthenticationPage.tsx';
import { FilesPage } from '../files/FilesPage.tsx';
import { HomePage } from '../home/HomePage.tsx';
import { RecordsPage } from '../records/RecordsPage.tsx';
import { pathOf } from '../routing/route.ts';
import { useRoute } from '../routing/router.ts';
import { TasksPage } from '../tasks/TasksPage.tsx';
import { WorkspacesPage } from '../workspaces/WorkspacesPage.tsx';
import { UnknownPage } from './UnknownPage.tsx';

export function CurrentPage() {
  const route = useRoute();
  switch (route.page) {
    case 'home':
      return <HomePage />;
    case 'records':
      return <RecordsPage key={pathOf(route)} item={route.item} />;
    case 'tasks':
      return <TasksPage />;
    case 'workspaces':
      return <WorkspacesPage workspaceId={route.workspaceId} />;
    case 'files':
      return <FilesPage key={pathOf({ ...route, folder: '', tables: false })} route={route} />;
    case 'authentication':
      return <AuthenticationPage />;
    case 'unknown':
      return <UnknownPage path={route.path} />;
  }
}
