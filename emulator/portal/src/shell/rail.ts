// The rail: the workloads that are registered, and which of them is open.

import type { Workload } from '../config.ts';
import { element, served } from './element.ts';

export class Rail {
  readonly #links = new Map<string, HTMLAnchorElement>();

  constructor(workloads: readonly Workload[]) {
    const list = served('workloads').querySelector('ul');
    for (const { displayName, name } of workloads) {
      const link = element(
        'a',
        { href: `#/${encodeURIComponent(name)}/`, 'data-workload': name },
        element('span', { class: 'mark', 'aria-hidden': 'true' }, displayName.slice(0, 1)),
        displayName,
      );
      this.#links.set(name, link);
      list?.append(element('li', {}, link));
    }
  }

  show(open: Workload | undefined): void {
    served('workloads').hidden = !open;
    for (const [name, link] of this.#links) {
      if (name === open?.name) link.setAttribute('aria-current', 'page');
      else link.removeAttribute('aria-current');
    }
  }
}
