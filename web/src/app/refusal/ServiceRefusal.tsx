// A refusal of the service on a page of the front end: the host's dialog explains what no retry helps.

import type { Challenge } from 'selvedge-challenge';
import { RefusalView, type RefusalViewProps } from '../../refusal/RefusalView.tsx';
import { useServices } from '../service/services.ts';

export function ServiceRefusal(props: Omit<RefusalViewProps, 'show'>) {
  const { tokens } = useServices();
  // The dialog says why; whatever becomes of it, the refusal stands.
  const show = (challenge: Challenge) => void tokens.acquireAccessToken(challenge).catch(() => undefined);
  return <RefusalView {...props} show={show} />;
}
