// What the host answered.

import { MessageBar, MessageBarBody, MessageBarTitle } from '@fluentui/react-components';
import { Loading } from '../loading/Loading.tsx';
import { ClaimsTable } from './ClaimsTable.tsx';
import type { TokenControl } from './useToken.ts';

export function TokenResult({ control: { isBusy, outcome } }: { control: TokenControl }) {
  if (isBusy) return <Loading label="Waiting for the host" />;
  if (outcome === undefined) return null;
  if (outcome.kind === 'rejected') {
    const { error, number } = outcome;
    return (
      <MessageBar intent="error" layout="multiline" data-testid="token-rejected">
        <MessageBarBody>
          <MessageBarTitle>
            {error.name}
            {number !== undefined && ` (${number})`}
          </MessageBarTitle>
          {error.text}
        </MessageBarBody>
      </MessageBar>
    );
  }
  return (
    <>
      <MessageBar intent="success" layout="multiline" data-testid="token-given">
        <MessageBarBody>
          <MessageBarTitle>The host gave a token</MessageBarTitle>
          {outcome.claims ? 'This is what it says. The token itself is not shown.' : 'It is not one that a page can read.'}
        </MessageBarBody>
      </MessageBar>
      {outcome.claims && <ClaimsTable claims={outcome.claims} />}
    </>
  );
}
