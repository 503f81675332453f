// Consent to scopes typed by hand.

import { Button, Field, Input, makeStyles, tokens } from '@fluentui/react-components';
import { useState, type FormEvent } from 'react';
import { scopesOf, scopesProblem } from './challengeText.ts';
import type { TokenControl } from './useToken.ts';

const useStyles = makeStyles({
  form: { display: 'flex', flexWrap: 'wrap', alignItems: 'start', gap: tokens.spacingHorizontalM },
  field: { flexGrow: 1, minWidth: '320px' },
  // In line with the inputs, whose labels are above them.
  button: { marginTop: '26px' },
});

export function ConsentForm({ control: { isBusy, ask } }: { control: TokenControl }) {
  const styles = useStyles();
  const [text, setText] = useState('');
  const [tried, setTried] = useState(false);
  const problem = scopesProblem(text);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    setTried(true);
    if (!problem) ask({ additionalScopesToConsent: scopesOf(text) });
  };
  return (
    <form className={styles.form} onSubmit={submit} noValidate aria-label="Consent">
      <Field
        className={styles.field}
        label="Scopes to consent to"
        hint="Whole scope URIs with spaces between them, or .default for all of the workload's."
        validationMessage={tried ? problem : undefined}
      >
        <Input value={text} onChange={(_, { value }) => setText(value)} />
      </Field>
      <Button type="submit" className={styles.button} disabledFocusable={isBusy}>
        Ask for consent
      </Button>
    </form>
  );
}
