// The commands of a list, in a row above it.

import { makeStyles, tokens } from '@fluentui/react-components';
import type { ReactNode } from 'react';

const useStyles = makeStyles({
  row: { display: 'flex', flexWrap: 'wrap', gap: tokens.spacingHorizontalS },
});

export function Commands({ label, children }: { label: string; children: ReactNode }) {
  return (
    <div role="group" aria-label={label} className={useStyles().row}>
      {children}
    </div>
  );
}
