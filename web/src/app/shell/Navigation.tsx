// The way between the pages: links, of which one is the current page's.

import { makeStyles, mergeClasses, tokens } from '@fluentui/react-components';
import { pathOf, type Route } from '../routing/route.ts';
import { useFollow } from '../routing/RouteLink.tsx';
import { useRoute } from '../routing/router.ts';

const PAGES: { title: string; route: Route }[] = [
  { title: 'Home', route: { page: 'home' } },
  { title: 'Records', route: { page: 'records' } },
  { title: 'Tasks', route: { page: 'tasks' } },
  { title: 'Workspaces', route: { page: 'workspaces' } },
  { title: 'Files', route: { page: 'files', folder: '' } },
  { title: 'Authentication', route: { page: 'authentication' } },
];

const useStyles = makeStyles({
  list: {
    display: 'flex',
    flexWrap: 'wrap',
    columnGap: tokens.spacingHorizontalXS,
    margin: 0,
    padding: `0 ${tokens.spacingHorizontalL}`,
    listStyleType: 'none',
    backgroundColor: tokens.colorNeutralBackground1,
    borderBottom: `${tokens.strokeWidthThin} solid ${tokens.colorNeutralStroke2}`,
  },
  link: {
    display: 'block',
    padding: `${tokens.spacingVerticalM} ${tokens.spacingHorizontalM}`,
    color: tokens.colorNeutralForeground2,
    textDecorationLine: 'none',
    borderBottom: `${tokens.strokeWidthThicker} solid transparent`,
    ':hover': {
      color: tokens.colorNeutralForeground1,
      borderBottomColor: tokens.colorNeutralStroke1,
    },
    ':focus-visible': {
      outline: `${tokens.strokeWidthThick} solid ${tokens.colorStrokeFocus2}`,
      outlineOffset: `calc(-1 * ${tokens.strokeWidthThick})`,
    },
  },
  current: {
    color: tokens.colorNeutralForeground1,
    fontWeight: tokens.fontWeightSemibold,
    borderBottomColor: tokens.colorCompoundBrandStroke,
    ':hover': { borderBottomColor: tokens.colorCompoundBrandStroke },
  },
});

export function Navigation() {
  const styles = useStyles();
  const here = useRoute();
  return (
    <nav aria-label="Pages">
      <ul className={styles.list}>
        {PAGES.map(({ title, route }) => (
          <li key={title}>
            <PageLink title={title} to={route} isCurrent={route.page === here.page} />
          </li>
        ))}
      </ul>
    </nav>
  );
}

function PageLink({ title, to, isCurrent }: { title: string; to: Route; isCurrent: boolean }) {
  const styles = useStyles();
  return (
    <a
      href={pathOf(to)}
      onClick={useFollow(to)}
      aria-current={isCurrent ? 'page' : undefined}
      className={mergeClasses(styles.link, isCurrent && styles.current)}
    >
      {title}
    </a>
  );
}
