// The way between the pages.

import { makeStyles, tokens } from '@fluentui/react-components';
import type { Route } from '../routing/route.ts';
import { useRoute } from '../routing/router.ts';
import { LinkBar } from './LinkBar.tsx';

const PAGES: { title: string; route: Route }[] = [
  { title: 'Home', route: { page: 'home' } },
  { title: 'Records', route: { page: 'records' } },
  { title: 'Tasks', route: { page: 'tasks' } },
  { title: 'Workspaces', route: { page: 'workspaces' } },
  { title: 'Files', route: { page: 'files', folder: '' } },
  { title: 'Authentication', route: { page: 'authentication' } },
];

const useStyles = makeStyles({
  bar: {
    padding: `0 ${tokens.spacingHorizontalM}`,
    backgroundColor: tokens.colorNeutralBackground1,
    borderBottom: `${tokens.strokeWidthThin} solid ${tokens.colorNeutralStroke2}`,
  },
});

export function Navigation() {
  const here = useRoute();
  const links = PAGES.map((link) => ({ ...link, isCurrent: link.route.page === here.page }));
  return (
    <header className={useStyles().bar}>
      <LinkBar label="Pages" links={links} />
    </header>
  );
}
