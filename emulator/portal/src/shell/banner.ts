// What is wrong, said above the frames.

import { button, served } from './element.ts';

/** Says what is wrong; takes it back when empty. */
export function warn(text: string): void {
  const banner = served('banner');
  banner.hidden = !text;
  const again = () => location.reload();
  banner.replaceChildren(...(text ? [text, button('Reload', again, { class: 'plain' })] : []));
}
