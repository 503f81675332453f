// The one button of a refusal: it opens the host's dialog and repeats the call, or repeats it alone,
// or leads to where the user can act.

import { Button } from '@fluentui/react-components';
import { useEffect, useState } from 'react';
import type { Action, Challenge } from 'selvedge-challenge';

interface RefusalActionProps {
  action: Action;
  busy: boolean;
  again: (answer?: Challenge) => void;
  show: (challenge: Challenge) => void;
  reload: () => void;
}

export function RefusalAction({ action, busy, again, show, reload }: RefusalActionProps) {
  const seconds = useSecondsLeft(action.kind === 'retry' ? action.afterMs : 0);
  if (action.kind === 'open') {
    return (
      <Button as="a" appearance="primary" size="small" href={action.url} target="_blank" rel="noreferrer">
        {action.label}
      </Button>
    );
  }
  const act = () => {
    switch (action.kind) {
      case 'answer':
        return again(action.challenge);
      case 'show':
        return show(action.challenge);
      case 'retry':
        return again();
      case 'reload':
        return reload();
    }
  };
  return (
    <Button appearance="primary" size="small" disabledFocusable={busy || seconds > 0} onClick={act}>
      {seconds > 0 ? `${action.label} in ${seconds} s` : action.label}
    </Button>
  );
}

// Counts down the time that the service asks to be left alone.
function useSecondsLeft(ms: number): number {
  const [left, setLeft] = useState(Math.ceil(ms / 1000));
  useEffect(() => {
    if (left <= 0) return;
    const timer = setTimeout(() => setLeft(left - 1), 1000);
    return () => clearTimeout(timer);
  }, [left]);
  return left;
}
