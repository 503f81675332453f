// What the handlers of requests work with.

import type { Tokens } from './authentication/tokens.ts';
import type { Config } from './config.ts';
import type { Frame } from './frames/frame.ts';
import type { Host } from './frames/host.ts';
import type { Handler } from './protocol/dispatch.ts';
import type { Notifications } from './shell/notifications.ts';
import type { Overlays } from './shell/overlays.ts';
import type { Theme } from './shell/theme.ts';

export interface Portal {
  readonly config: Config;
  readonly host: Host;
  readonly notifications: Notifications;
  readonly overlays: Overlays;
  readonly theme: Theme;
  readonly tokens: Tokens;
  /** Says above the frames what is wrong; nothing when empty. */
  warn(text: string): void;
}

/** Handlers of some requests, by the API's names. */
export type Answers = readonly (readonly [name: string, handler: Handler<Frame>])[];
