// Runs one command at a time for a page: says that it is busy, keeps its refusal, can repeat it, and
// aborts it when the page is left or the user cancels.

import { useCallback, useEffect, useRef, useState } from 'react';
import { refusalOf, type Challenge, type Refusal } from 'selvedge-challenge';
import { attemptOf, type Attempt } from './attempt.ts';

export type Command = (attempt: Attempt) => Promise<void>;

export interface CommandControl {
  busy: boolean;
  refusal?: Refusal;
  run(command: Command): void;
  again(answer?: Challenge): void;
  cancel(): void;
  // Forgets the refusal, which is otherwise shown until there is another answer.
  clear(): void;
}

export function useCommand(): CommandControl {
  const [busy, setBusy] = useState(false);
  const [refusal, setRefusal] = useState<Refusal>();
  const last = useRef<Command>(undefined);
  const underWay = useRef<AbortController>(undefined);

  const cancel = useCallback(() => {
    underWay.current?.abort();
    underWay.current = undefined;
    setBusy(false);
  }, []);

  const start = useCallback((command: Command, answer?: Challenge) => {
    underWay.current?.abort();
    const call = new AbortController();
    underWay.current = call;
    last.current = command;
    setBusy(true);
    command(attemptOf(call.signal, answer)).then(
      () => {
        if (call.signal.aborted) return;
        setBusy(false);
        setRefusal(undefined);
      },
      (error: unknown) => {
        if (call.signal.aborted) return;
        setBusy(false);
        setRefusal(refusalOf(error));
      },
    );
  }, []);

  useEffect(() => () => underWay.current?.abort(), []);

  return {
    busy,
    refusal,
    run: useCallback(
      (command) => {
        setRefusal(undefined);
        start(command);
      },
      [start],
    ),
    again: useCallback((answer) => last.current && start(last.current, answer), [start]),
    cancel,
    clear: useCallback(() => setRefusal(undefined), []),
  };
}
