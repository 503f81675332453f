// A path that leads nowhere.

import { Text } from '@fluentui/react-components';
import { RouteLink } from '../routing/RouteLink.tsx';
import { PageFrame } from './PageFrame.tsx';

export function UnknownPage({ path }: { path: string }) {
  return (
    <PageFrame title="Page not found" purpose="This front end has no such page.">
      <Text>
        There is nothing at <code>{path}</code>. <RouteLink to={{ page: 'home' }}>Go to the start</RouteLink>.
      </Text>
    </PageFrame>
  );
}
