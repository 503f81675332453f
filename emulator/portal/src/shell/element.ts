// Builds and finds the portal's own elements. Text is set as text: nothing that a workload sends is
// ever read as HTML.

type Attributes = Record<string, string | boolean | (() => void)>;

/** An element with attributes, listeners (`onclick`) and children. */
export function element<Tag extends keyof HTMLElementTagNameMap>(
  tag: Tag,
  attributes: Attributes = {},
  ...children: (Node | string)[]
): HTMLElementTagNameMap[Tag] {
  const built = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === 'function') built.addEventListener(name.slice(2), value);
    else if (value === true) built.setAttribute(name, '');
    else if (value !== false) built.setAttribute(name, value);
  }
  built.append(...children);
  return built;
}

export function button(label: string, onclick: () => void, attributes: Attributes = {}): HTMLButtonElement {
  return element('button', { type: 'button', onclick, ...attributes }, label);
}

/** An element that the page was served with. */
export function served<T extends HTMLElement = HTMLElement>(id: string): T {
  const found = document.getElementById(id);
  if (!found) throw new Error(`the page has no element ${id}`);
  return found as T;
}
