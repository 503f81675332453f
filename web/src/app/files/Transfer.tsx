// How far a file has come, and the way to stop it.

import { Button, Field, ProgressBar, makeStyles, tokens } from '@fluentui/react-components';
import { sizeText } from '../shell/texts.ts';

const useStyles = makeStyles({
  transfer: { display: 'flex', alignItems: 'end', columnGap: tokens.spacingHorizontalL },
  progress: { flexGrow: 1, maxWidth: '480px' },
});

interface TransferProps {
  // What is done to the file: "Uploading orders.csv".
  label: string;
  done: number;
  size: number;
  onCanceled: () => void;
}

export function Transfer({ label, done, size, onCanceled }: TransferProps) {
  const styles = useStyles();
  return (
    <div className={styles.transfer}>
      <Field className={styles.progress} label={label} hint={`${sizeText(done)} of ${sizeText(size)}`}>
        <ProgressBar aria-label={label} value={done} max={Math.max(size, 1)} />
      </Field>
      <Button onClick={onCanceled}>Stop</Button>
    </div>
  );
}
