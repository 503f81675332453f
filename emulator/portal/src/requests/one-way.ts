// Messages that nobody waits for. Most are telemetry and ignored. Key strokes come among them, with
// what was typed: they are neither kept nor shown.

import type { Frame } from '../frames/frame.ts';
import type { Portal } from '../portal.ts';
import type { Fields } from '../protocol/envelope.ts';
import { object, text } from './fields.ts';

type Listener = (fields: Fields, from: Frame) => void;

export function oneWay({ notifications, warn }: Portal): ReadonlyMap<string, Listener> {
  return new Map<string, Listener>([
    ['PostLifecycleEvent', (fields, from) => from.lifecycle(fields)],
    ['LogEvent', log],
    ['PostDOMEvent', (fields) => fields['eventType'] === 'click' && dismissMenus()],
    ['hideNotification', (fields) => notifications.hide(text(fields, 'notificationId') ?? '')],
    [
      'HandleInvalidRoute',
      (fields, from) => {
        const path = text(fields, 'routePath') ?? from.path;
        warn(`${from.workload.displayName} has no page ${path}`);
      },
    ],
  ]);
}

// The client keeps unhandled rejections from the browser's console: this is their only trace.
function log(fields: Fields, from: Frame): void {
  if (fields['name'] !== 'Unhandled Exception') return;
  const properties = object(fields, 'properties');
  const category = text(properties, 'ErrorCategory') ?? '';
  const message = withoutTokens(text(properties, 'ErrorMessage') ?? '');
  console.error(`${from.workload.name} (${from.type}): ${category} ${message}`);
}

/** A text without anything that looks like a JSON Web Token. */
export function withoutTokens(message: string): string {
  return message.replaceAll(/eyJ[\w-]+(?:\.[\w-]*)*/g, '[token]');
}

// A click in a frame is none in the portal, and would leave its menu open.
function dismissMenus(): void {
  for (const menu of document.querySelectorAll<HTMLElement>(':popover-open')) menu.hidePopover();
}
