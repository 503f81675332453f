// One frame of a workload: its element, whether it is ready, what waits for that, and what the
// portal has asked it. Who a message is from is decided by the window it came from, never by what
// it says of itself.

import type { Workload } from '../config.ts';
import { oneWay, start, type Envelope, type Fields } from '../protocol/envelope.ts';
import { frameAddress, type FrameType } from './address.ts';

const QUEUED_AT_MOST = 100;
const RELOADS_AT_MOST = 5;
/** How long a loaded frame may take to say that it has started. */
export const START_DEADLINE_MS = 20_000;

export interface FrameEvents {
  /** The workload's code runs and listens. */
  ready?(): void;
  /** It does not, for this reason. */
  failed?(reason: string): void;
}

export class Frame {
  readonly workload: Workload;
  readonly type: FrameType;
  /** Whether the workload wants to be asked before its page is left. */
  listensToLeave = false;
  /** Where the frame was sent last. */
  path: string;
  readonly #events: FrameEvents;
  #id = crypto.randomUUID() as string;
  #element: HTMLIFrameElement;
  #ready = false;
  #loads = 0;
  #reloads = 0;
  #deadline: ReturnType<typeof setTimeout> | undefined;
  #queue: Fields[] = [];
  readonly #asked = new Map<string, PromiseWithResolvers<Fields>>();

  constructor(workload: Workload, type: FrameType, path: string, events: FrameEvents = {}) {
    this.workload = workload;
    this.type = type;
    this.path = path;
    this.#events = events;
    this.#element = this.#build();
  }

  /** Puts the frame into the document, where it stays: moving it would load it anew. */
  mount(parent: Element): void {
    parent.append(this.#element);
  }

  remove(): void {
    clearTimeout(this.#deadline);
    this.#element.remove();
    this.#abandon('the frame was closed');
  }

  get id(): string {
    return this.#id;
  }

  get element(): HTMLIFrameElement {
    return this.#element;
  }

  /** Whether a message is this frame's. */
  isSource(event: MessageEvent): boolean {
    return event.source === this.#element.contentWindow && event.origin === this.workload.url;
  }

  /** Sends a message now: an answer to what the frame asked. */
  reply(message: Fields): void {
    this.#element.contentWindow?.postMessage(message, this.workload.url);
  }

  /** Sends a one-way message once the frame is ready. */
  push(name: string, fields: Fields): void {
    this.#send(oneWay(name, this.#id, fields));
  }

  /** Asks the frame something; rejects with what it answers, or when `limit` has passed. */
  ask(name: string, fields: Fields, limit?: number): Promise<Fields> {
    const asyncId = crypto.randomUUID();
    const asked = Promise.withResolvers<Fields>();
    this.#asked.set(asyncId, asked);
    if (limit !== undefined) {
      setTimeout(() => asked.reject({ error: 'the frame did not answer' }), limit);
    }
    this.#send(start(name, asyncId, this.#id, fields));
    return asked.promise.finally(() => this.#asked.delete(asyncId));
  }

  /** Takes in the frame's answer; the first one counts. */
  settle(answer: Envelope): void {
    const asked = this.#asked.get(answer.asyncId ?? '');
    if (answer.kind === 'resolve') asked?.resolve(answer.fields);
    else asked?.reject(answer.fields);
  }

  /** Sends the frame to a path of its workload. */
  navigate(path: string, isDeepLink = false): void {
    this.path = path;
    if (this.#ready) this.#pushNavigation(isDeepLink);
  }

  /** Takes in what the frame says of its own start. */
  lifecycle(fields: Fields): void {
    clearTimeout(this.#deadline);
    if (fields['name'] === 1) {
      this.#ready = true;
      if (this.type !== 'worker') this.#pushNavigation(true);
      for (const message of this.#queue.splice(0)) this.reply(message);
      this.#events.ready?.();
    } else {
      const { errMessage } = (fields['properties'] ?? {}) as Fields;
      this.#events.failed?.(`it reports: ${String(errMessage ?? 'no reason')}`);
    }
  }

  #pushNavigation(isDeepLink: boolean): void {
    this.push('OnNavigate', {
      targetUrl: this.path,
      userActionTimestamp: Date.now(),
      isDeepLink,
    });
  }

  #send(message: Fields): void {
    if (this.#ready) this.reply(message);
    else if (this.#queue.length < QUEUED_AT_MOST) this.#queue.push(message);
  }

  #build(): HTMLIFrameElement {
    const element = document.createElement('iframe');
    const { name, displayName } = this.workload;
    element.name = this.type;
    element.title = this.type === 'page' ? displayName : `${displayName} ${this.type}`;
    element.dataset['workload'] = name;
    element.dataset['frameType'] = this.type;
    element.hidden = this.type === 'worker';
    element.setAttribute(
      'sandbox',
      'allow-scripts allow-same-origin allow-forms allow-modals allow-downloads allow-popups ' +
        'allow-popups-to-escape-sandbox',
    );
    element.allow = 'clipboard-read; clipboard-write';
    element.addEventListener('load', () => this.#loaded(element));
    element.src = frameAddress(this.workload, this.type, this.#id, location.origin);
    return element;
  }

  #loaded(element: HTMLIFrameElement): void {
    if (element !== this.#element) return;
    this.#loads += 1;
    if (this.#loads > 1) {
      this.#recreate();
    } else if (!this.#ready) {
      this.#deadline = setTimeout(() => this.#events.failed?.(SILENT), START_DEADLINE_MS);
    }
  }

  // A reload has lost the parameters, which the workload's router takes out of the address: without
  // them it does not start, and says nothing.
  #recreate(): void {
    this.#abandon('the frame was loaded anew');
    this.#reloads += 1;
    if (this.#reloads > RELOADS_AT_MOST) {
      this.#events.failed?.('it loads itself anew again and again');
      return;
    }
    this.#ready = false;
    this.#loads = 0;
    this.#id = crypto.randomUUID();
    const before = this.#element;
    this.#element = this.#build();
    before.replaceWith(this.#element);
  }

  #abandon(reason: string): void {
    clearTimeout(this.#deadline);
    this.#queue = [];
    for (const asked of this.#asked.values()) asked.reject({ error: reason });
  }
}

const SILENT =
  'it loaded, and has not said within 20 seconds that it runs. Its server may be down; it may not ' +
  'list this origin in frame-ancestors; or it does not call bootstrap() of @ms-fabric/workload-client';
