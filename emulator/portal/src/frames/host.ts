// The frames of the workload that is open: a hidden worker, its page, and the dialogs and panels
// over it. One listener takes in all their messages.

import type { Workload } from '../config.ts';
import { answer, type Handlers } from '../protocol/dispatch.ts';
import { parse, type Envelope, type Fields } from '../protocol/envelope.ts';
import { toApiNames } from '../protocol/renaming.ts';
import type { FrameType } from './address.ts';
import { Frame } from './frame.ts';

const LEAVE_LIMIT_MS = 2_000;

export interface HostEvents {
  /** The page has gone to a path. */
  moved(workload: Workload, path: string, replace: boolean): void;
  started(): void;
  failed(reason: string): void;
}

export class Host {
  handlers: Handlers<Frame> = new Map();
  /** What to do with one-way messages, by name. */
  listeners: ReadonlyMap<string, (fields: Fields, from: Frame) => void> = new Map();
  readonly #parent: Element;
  readonly #events: HostEvents;
  readonly #frames = new Set<Frame>();

  /** Listens from now on: before there is any frame. */
  constructor(parent: Element, events: HostEvents) {
    this.#parent = parent;
    this.#events = events;
    addEventListener('message', (event) => this.#receive(event));
  }

  get frames(): ReadonlySet<Frame> {
    return this.#frames;
  }

  get page(): Frame | undefined {
    return this.find('page');
  }

  find(type: FrameType): Frame | undefined {
    return [...this.#frames].findLast((frame) => frame.type === type);
  }

  /** Opens a workload at a path, in the place of the one that was open. */
  open(workload: Workload, path: string): void {
    this.close();
    const failed = (reason: string) => this.#events.failed(`${workload.displayName}: ${reason}`);
    const worker = new Frame(workload, 'worker', '/', { failed });
    const page = new Frame(workload, 'page', path, { failed, ready: () => this.#events.started() });
    // The page polls for the worker, and does not start without it.
    this.add(worker, this.#parent);
    this.add(page, this.#parent);
  }

  close(): void {
    for (const frame of this.#frames) this.remove(frame);
  }

  add(frame: Frame, parent: Element): void {
    this.#frames.add(frame);
    frame.mount(parent);
  }

  remove(frame: Frame): void {
    this.#frames.delete(frame);
    frame.remove();
  }

  /** Tells every frame. */
  broadcast(name: string, fields: Fields): void {
    for (const frame of this.#frames) frame.push(name, fields);
  }

  /** Sends the page to a path, unless the workload wants to stay where it is. */
  async navigate(path: string, replace = false): Promise<boolean> {
    const page = this.page;
    if (!page || !(await this.mayLeave(path))) return false;
    page.navigate(path);
    this.#events.moved(page.workload, path, replace);
    if (page.listensToLeave) page.ask('OnLeaveEnd', { nextUrl: path }, LEAVE_LIMIT_MS).catch(() => {});
    return true;
  }

  /** Whether the page may be left. A page that does not answer traps nobody. */
  async mayLeave(nextUrl: string): Promise<boolean> {
    const page = this.page;
    if (!page?.listensToLeave) return true;
    try {
      const { canLeave } = await page.ask('OnLeave', { nextUrl }, LEAVE_LIMIT_MS);
      return canLeave !== false;
    } catch {
      return true;
    }
  }

  #receive(event: MessageEvent): void {
    const from = [...this.#frames].find((frame) => frame.isSource(event));
    const message = from && parse(toApiNames(event.data));
    if (message) this.#dispatch(message, from);
  }

  #dispatch(message: Envelope, from: Frame): void {
    switch (message.kind) {
      case 'start':
        void answer(this.handlers, message, from, (reply) => from.reply(reply));
        break;
      case 'one-way':
        this.listeners.get(message.name)?.(message.fields, from);
        break;
      default:
        from.settle(message);
    }
  }
}
