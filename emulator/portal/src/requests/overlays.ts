// Dialogs, panels and message boxes.

import { target } from '../frames/address.ts';
import type { Frame } from '../frames/frame.ts';
import type { Answers, Portal } from '../portal.ts';
import type { Fields } from '../protocol/envelope.ts';
import { choose } from '../shell/dialog.ts';
import { element } from '../shell/element.ts';
import { list, number, object, text } from './fields.ts';

const MESSAGE_BOX = 1;
const CLEAR_ALL = 2;
const BUTTONS_AT_MOST = 3;

export function overlays({ overlays: open }: Portal): Answers {
  const openFrame = async (type: 'dialog' | 'panel', fields: Fields, from: Frame) => {
    const route = object(fields, 'route');
    const path = target(text(route, 'path') ?? '/', route['queryParams']);
    const options = object(fields, 'options');
    const value = await open.open(type, from.workload, path, {
      width: number(options, 'width'),
      height: number(options, 'height'),
      hasCloseButton: type === 'panel' || options['hasCloseButton'] !== false,
      isDismissible: options['isBlocking'] !== true && options['isLightDismiss'] !== false,
    });
    return { value };
  };
  const close = (type: 'dialog' | 'panel') => (fields: Fields, from: Frame) => ({
    success: open.close(type, from, fields['mode'] === CLEAR_ALL, fields['data']),
  });
  return [
    [
      'OpenDialog',
      (fields, from) =>
        fields['dialogType'] === MESSAGE_BOX
          ? messageBox(object(fields, 'messageBoxOptions'))
          : openFrame('dialog', fields, from),
    ],
    ['CloseDialog', close('dialog')],
    ['OpenPanel', (fields, from) => openFrame('panel', fields, from)],
    ['ClosePanel', close('panel')],
  ];
}

async function messageBox(options: Fields): Promise<Fields> {
  const content: Node[] = [element('p', {}, text(options, 'content') ?? '')];
  const link = object(options, 'link');
  const url = URL.parse(text(link, 'url') ?? '');
  if (url && ['http:', 'https:'].includes(url.protocol)) {
    const attributes = { href: url.href, target: '_blank', rel: 'noopener' };
    content.push(element('a', attributes, text(link, 'label') ?? url.href));
  }
  const buttons = list(options, 'actionButtons').slice(0, BUTTONS_AT_MOST) as Fields[];
  const choices = buttons.map((given, index) => ({
    name: text(given, 'name') ?? String(index),
    label: text(given, 'label') ?? text(given, 'name') ?? 'OK',
    primary: index === 0,
  }));
  if (choices.length === 0) choices.push({ name: 'ok', label: 'OK', primary: true });
  const clickedButton = await choose('message-box', text(options, 'title') ?? '', content, choices);
  return { value: { clickedButton } };
}
