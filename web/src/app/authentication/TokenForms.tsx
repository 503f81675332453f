// What can be asked without typing: a token, and the dialog of all the workload's permissions.

import { Button, makeStyles, tokens } from '@fluentui/react-components';
import type { TokenControl } from './useToken.ts';

const useStyles = makeStyles({
  buttons: { display: 'flex', flexWrap: 'wrap', gap: tokens.spacingHorizontalM },
});

export function TokenForms({ control: { isBusy, ask } }: { control: TokenControl }) {
  return (
    <div className={useStyles().buttons}>
      <Button appearance="primary" disabledFocusable={isBusy} onClick={() => ask({})}>
        Get a token
      </Button>
      <Button disabledFocusable={isBusy} onClick={() => ask({ promptFullConsent: true })}>
        Ask for full consent
      </Button>
    </div>
  );
}
