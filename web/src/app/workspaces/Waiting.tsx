// Something that takes long: how long it has taken, and the way to stop waiting for it.

import { Button, Field, ProgressBar, makeStyles, tokens } from '@fluentui/react-components';
import { useEffect, useState } from 'react';

const useStyles = makeStyles({
  waiting: { display: 'flex', alignItems: 'end', columnGap: tokens.spacingHorizontalL },
  progress: { flexGrow: 1, maxWidth: '480px' },
});

export function Waiting({ label, onCanceled }: { label: string; onCanceled: () => void }) {
  const styles = useStyles();
  const [seconds, setSeconds] = useState(0);
  useEffect(() => {
    const timer = setInterval(() => setSeconds((past) => past + 1), 1000);
    return () => clearInterval(timer);
  }, []);
  return (
    <div className={styles.waiting}>
      <Field className={styles.progress} label={`${label}: ${seconds} s`}>
        <ProgressBar aria-label={label} />
      </Field>
      <Button onClick={onCanceled}>Stop waiting</Button>
    </div>
  );
}
