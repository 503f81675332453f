// Where the folder is, and the way back out of it.

import {
  Breadcrumb,
  BreadcrumbButton,
  BreadcrumbDivider,
  BreadcrumbItem,
} from '@fluentui/react-components';
import { Fragment } from 'react';
import { useFollow } from '../routing/RouteLink.tsx';
import { pathOf, type Route } from '../routing/route.ts';
import { nameOf, trail, type Lakehouse } from './path.ts';

export function FolderTrail({ lakehouse, folder }: { lakehouse: Lakehouse; folder: string }) {
  const folders = ['', ...trail(folder)];
  return (
    <Breadcrumb aria-label="Folder">
      {folders.map((path, at) => (
        <Fragment key={path}>
          {at > 0 && <BreadcrumbDivider />}
          <BreadcrumbItem>
            <FolderButton to={{ page: 'files', ...lakehouse, folder: path }} isCurrent={path === folder}>
              {path === '' ? 'Files' : nameOf(path)}
            </FolderButton>
          </BreadcrumbItem>
        </Fragment>
      ))}
    </Breadcrumb>
  );
}

function FolderButton({ to, isCurrent, children }: { to: Route; isCurrent: boolean; children: string }) {
  return (
    <BreadcrumbButton as="a" href={pathOf(to)} onClick={useFollow(to)} current={isCurrent}>
      {children}
    </BreadcrumbButton>
  );
}
