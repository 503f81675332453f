// Actions: a frame asks another of its workload to do something, by way of the portal. The answer
// may take as long as a person does.

import type { Frame } from '../frames/frame.ts';
import type { FrameType } from '../frames/address.ts';
import type { Host } from '../frames/host.ts';
import type { Answers, Portal } from '../portal.ts';
import { Rejection, notImplemented } from '../protocol/rejection.ts';
import type { Fields } from '../protocol/envelope.ts';
import { text } from './fields.ts';

export function actions({ host }: Portal): Answers {
  return [
    ['ListenAction', () => ({})],
    ['ExecuteAction', (fields, from) => execute(host, fields, from)],
  ];
}

/** Has the frame that an action is for carry it out; the worker unless it says otherwise. */
export async function execute(host: Host, fields: Fields, from: Frame): Promise<Fields> {
  const { action, data, userActionTimestamp } = fields;
  const workloadName = text(fields, 'workloadName');
  // Without a workload it is an action of the portal, which has none.
  if (!workloadName) throw notImplemented();
  const frame = host.find((text(fields, 'iframeType') ?? 'worker') as FrameType);
  if (!frame || workloadName !== from.workload.name) {
    throw new Rejection({ error: { message: { code: 'NoSuchFrame' } } });
  }
  try {
    return await frame.ask('OnAction', { action, data, workloadName, userActionTimestamp });
  } catch (rejected) {
    throw new Rejection(rejected as Fields);
  }
}
