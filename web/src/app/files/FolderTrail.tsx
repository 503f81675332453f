// Where the folder is, and the way back out of it.

import { Text, makeStyles, tokens } from '@fluentui/react-components';
import { RouteLink } from '../routing/RouteLink.tsx';
import { nameOf, trail, type Lakehouse } from './path.ts';

const useStyles = makeStyles({
  trail: {
    display: 'flex',
    flexWrap: 'wrap',
    columnGap: tokens.spacingHorizontalS,
    margin: 0,
    padding: 0,
    listStyleType: 'none',
  },
  separator: { marginRight: tokens.spacingHorizontalS, color: tokens.colorNeutralForeground3 },
});

export function FolderTrail({ lakehouse, folder }: { lakehouse: Lakehouse; folder: string }) {
  const styles = useStyles();
  return (
    <nav aria-label="Folder">
      <ol className={styles.trail}>
        {['', ...trail(folder)].map((path) => (
          <li key={path}>
            {path !== '' && (
              <span aria-hidden className={styles.separator}>
                /
              </span>
            )}
            {path === folder ? (
              <Text weight="semibold" aria-current="page">
                {nameOf(path)}
              </Text>
            ) : (
              <RouteLink to={{ page: 'files', ...lakehouse, folder: path }}>{nameOf(path) || 'Files'}</RouteLink>
            )}
          </li>
        ))}
      </ol>
    </nav>
  );
}
