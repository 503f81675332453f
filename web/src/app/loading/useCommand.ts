// Runs one command at a time for a page: says that it is busy, keeps its refusal, can repeat it, and
// aborts it when the page is left or the user cancels.

import { useCallback, useEffect, useRef, useState } from 'react';
import { refusalOf, type Refusal } from 'selvedge-challenge';

export type Command = (signal: AbortSignal) => Promise<void>;

export interface CommandControl {
  busy: boolean;
  refusal?: Refusal;
  run(command: Command): void;
  again(): void;
  cancel(): void;
  // Forgets the refusal, which is shown until there is another answer.
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

  const run = useCallback((command: Command) => {
    underWay.current?.abort();
    const call = new AbortController();
    underWay.current = call;
    last.current = command;
    setBusy(true);
    command(call.signal).then(
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
    run,
    again: useCallback(() => last.current && run(last.current), [run]),
    cancel,
    clear: useCallback(() => setRefusal(undefined), []),
  };
}
