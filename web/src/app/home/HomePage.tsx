// What this front end is, and where its pages lead.

import { Card, CardHeader, Text, makeStyles, tokens } from '@fluentui/react-components';
import { RouteLink } from '../routing/RouteLink.tsx';
import type { Route } from '../routing/route.ts';
import { PageFrame } from '../shell/PageFrame.tsx';

const PAGES: { title: string; text: string; route: Route }[] = [
  {
    title: 'Records',
    text: 'Read and write rows of JSON, your own or those of an item.',
    route: { page: 'records' },
  },
  { title: 'Tasks', text: 'Keep a list of things to do.', route: { page: 'tasks' } },
  {
    title: 'Workspaces',
    text: 'See your Fabric workspaces and create a warehouse in one.',
    route: { page: 'workspaces' },
  },
  {
    title: 'Files',
    text: 'List, download, upload and delete the files of a lakehouse.',
    route: { page: 'files', folder: '' },
  },
  {
    title: 'Authentication',
    text: 'Look into your token, and try each dialog that a refusal can ask for.',
    route: { page: 'authentication' },
  },
];

const useStyles = makeStyles({
  cards: {
    display: 'grid',
    gridTemplateColumns: 'repeat(auto-fill, minmax(280px, 1fr))',
    gap: tokens.spacingHorizontalL,
    margin: 0,
    padding: 0,
    listStyleType: 'none',
  },
  card: { height: '100%' },
  heading: { margin: 0, fontSize: tokens.fontSizeBase400 },
});

export function HomePage() {
  const styles = useStyles();
  return (
    <PageFrame
      bare
      title="Selvedge"
      purpose="A workload whose service acts in Fabric on your behalf. Where it needs your permission, or a proof that it is you, the page says so and asks."
    >
      <ul className={styles.cards}>
        {PAGES.map(({ title, text, route }) => (
          <li key={title}>
            <Card className={styles.card}>
              <CardHeader
                header={
                  <h2 className={styles.heading}>
                    <RouteLink to={route}>{title}</RouteLink>
                  </h2>
                }
              />
              <Text>{text}</Text>
            </Card>
          </li>
        ))}
      </ul>
    </PageFrame>
  );
}
