// Links side by side, of which one is that of what is shown.

import { makeStyles, mergeClasses, tokens } from '@fluentui/react-components';
import { pathOf, type Route } from '../routing/route.ts';
import { useFollow } from '../routing/RouteLink.tsx';

export interface BarLink {
  title: string;
  route: Route;
  isCurrent: boolean;
}

const useStyles = makeStyles({
  list: {
    display: 'flex',
    flexWrap: 'wrap',
    columnGap: tokens.spacingHorizontalXS,
    margin: 0,
    padding: 0,
    listStyleType: 'none',
  },
  link: {
    display: 'block',
    textAlign: 'center',
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
    // As wide as when it is bold, so that its neighbors stay where they are.
    '::after': {
      content: 'attr(data-title) / ""',
      display: 'block',
      height: 0,
      overflow: 'hidden',
      visibility: 'hidden',
      fontWeight: tokens.fontWeightSemibold,
    },
  },
  current: {
    color: tokens.colorNeutralForeground1,
    fontWeight: tokens.fontWeightSemibold,
    borderBottomColor: tokens.colorCompoundBrandStroke,
    ':hover': { borderBottomColor: tokens.colorCompoundBrandStroke },
  },
});

export function LinkBar({ label, links }: { label: string; links: BarLink[] }) {
  const styles = useStyles();
  return (
    <nav aria-label={label}>
      <ul className={styles.list}>
        {links.map((link) => (
          <li key={link.title}>
            <CurrentLink {...link} />
          </li>
        ))}
      </ul>
    </nav>
  );
}

function CurrentLink({ title, route, isCurrent }: BarLink) {
  const styles = useStyles();
  return (
    <a
      href={pathOf(route)}
      onClick={useFollow(route)}
      aria-current={isCurrent ? 'page' : undefined}
      data-title={title}
      className={mergeClasses(styles.link, isCurrent && styles.current)}
    >
      {title}
    </a>
  );
}
