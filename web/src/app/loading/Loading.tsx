// While something loads for the first time.

import { Spinner, makeStyles } from '@fluentui/react-components';

const useStyles = makeStyles({ spinner: { alignSelf: 'flex-start' } });

export function Loading({ label }: { label: string }) {
  return <Spinner size="small" label={label} className={useStyles().spinner} />;
}
