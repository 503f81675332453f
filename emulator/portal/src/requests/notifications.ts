// Notifications and their buttons.

import type { Frame } from '../frames/frame.ts';
import type { Answers, Portal } from '../portal.ts';
import type { Fields } from '../protocol/envelope.ts';
import type { Notice } from '../shell/notifications.ts';
import { execute } from './actions.ts';
import { list, number, text } from './fields.ts';

const KINDS: Record<number, Notice['kind']> = {
  2: 'error',
  3: 'loading',
  4: 'success',
  5: 'warning',
};
const MILLISECONDS: Record<string, number> = { Short: 5_000, Medium: 10_000, Long: 20_000 };

export function notifications(portal: Portal): Answers {
  return [
    [
      'OpenNotification',
      (fields, from) => {
        const notificationId = text(fields, 'notificationId') ?? crypto.randomUUID();
        portal.notifications.show(notificationId, noticeOf(portal, fields, from));
        return { notificationId };
      },
    ],
  ];
}

function noticeOf(portal: Portal, fields: Fields, from: Frame): Notice {
  const kind = KINDS[number(fields, 'notificationType') ?? 0] ?? 'info';
  const message = text(fields, 'message');
  const stays = kind === 'loading' || kind === 'error';
  const duration = text(fields, 'duration') ?? 'Medium';
  return {
    title: text(fields, 'title') ?? '',
    message,
    kind,
    milliseconds: stays ? undefined : MILLISECONDS[duration],
    buttons: list(fields, 'buttons').map((given) => {
      if (typeof given !== 'object' || given === null) {
        const copied = message ?? text(fields, 'title') ?? '';
        return { label: 'Copy', press: () => void navigator.clipboard.writeText(copied) };
      }
      const button = given as Fields;
      const press = () => void execute(portal.host, button, from).catch(() => {});
      return { label: text(button, 'label') ?? 'Show', press };
    }),
  };
}
