// Claims typed by hand, as Conditional Access demands them.

import { Button, Field, Textarea, makeStyles, tokens } from '@fluentui/react-components';
import { useState, type FormEvent } from 'react';
import { claimsProblem } from './challengeText.ts';
import type { TokenControl } from './useToken.ts';

const EXAMPLE = '{"access_token":{"acrs":{"essential":true,"value":"c1"}}}';

const useStyles = makeStyles({
  form: { display: 'flex', flexWrap: 'wrap', alignItems: 'start', gap: tokens.spacingHorizontalM },
  field: { flexGrow: 1, minWidth: '320px' },
  text: { fontFamily: tokens.fontFamilyMonospace },
  // In line with the inputs, whose labels are above them.
  button: { marginTop: '26px' },
});

export function ClaimsForm({ control: { isBusy, ask } }: { control: TokenControl }) {
  const styles = useStyles();
  const [text, setText] = useState('');
  const [tried, setTried] = useState(false);
  const problem = claimsProblem(text);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    setTried(true);
    if (!problem) ask({ claimsForConditionalAccessPolicy: text });
  };
  return (
    <form className={styles.form} onSubmit={submit} noValidate aria-label="Claims">
      <Field
        className={styles.field}
        label="Claims to satisfy"
        hint={`JSON, for example ${EXAMPLE}`}
        validationMessage={tried ? problem : undefined}
      >
        <Textarea
          value={text}
          onChange={(_, { value }) => setText(value)}
          textarea={{ className: styles.text, spellCheck: false }}
        />
      </Field>
      <Button type="submit" className={styles.button} disabledFocusable={isBusy}>
        Satisfy the claims
      </Button>
    </form>
  );
}
