// Errors that a workload wants shown, and failed requests that it wants the portal to handle.

import type { Answers, Portal } from '../portal.ts';
import type { Fields } from '../protocol/envelope.ts';
import { choose } from '../shell/dialog.ts';
import { element } from '../shell/element.ts';
import { list, number, object, text } from './fields.ts';

/** What a response of Fabric holds when the person has to prove a second factor. */
const SECOND_FACTOR = 'AdalMultiFactorAuthRequiredErrorCode';

export function errors({ tokens }: Portal): Answers {
  return [
    [
      'openError',
      async (fields) => {
        const options = object(fields, 'errorOptions');
        const title = text(options, 'title') ?? 'Something went wrong';
        const content = [element('p', {}, text(fields, 'errorMsg') ?? ''), ...details(options)];
        const close = { name: 'close', label: 'Close', primary: true };
        return { value: await choose('error-dialog', title, content, [close]) };
      },
    ],
    [
      'HandleRequestFailure',
      async (fields, from) => {
        if (!JSON.stringify(fields['body'] ?? '').includes(SECOND_FACTOR)) return { handled: false };
        await tokens.acquire(from.workload, {
          additionalScopesToConsent: [],
          claimsForConditionalAccessPolicy: SECOND_FACTOR_CLAIMS,
          promptFullConsent: false,
        });
        return { handled: true, action: 'refreshAccessToken' };
      },
    ],
  ];
}

/** Any authentication context: the authority asks for a second factor for each. */
const SECOND_FACTOR_CLAIMS = '{"access_token":{"acrs":{"essential":true,"value":"c1"}}}';

function details(options: Fields): Node[] {
  const rows: [string, string | undefined][] = [
    ['Details', text(options, 'plainTextDetail')],
    ['Status', text(options, 'statusCode') ?? number(options, 'statusCode')?.toString()],
    ['Request', text(options, 'requestId')],
    ['Time', text(options, 'errorTime')],
  ];
  for (const given of list(options, 'labelValueDetails') as Fields[]) {
    rows.push([text(given, 'label') ?? '', text(given, 'value')]);
  }
  const shown = rows.filter((row): row is [string, string] => Boolean(row[1]));
  const listed = shown.flatMap(([label, value]) => [element('dt', {}, label), element('dd', {}, value)]);
  const stack = text(options, 'stackTrace');
  return [
    ...(listed.length > 0 ? [element('dl', {}, ...listed)] : []),
    ...(stack
      ? [element('details', {}, element('summary', {}, 'Stack trace'), element('pre', {}, stack))]
      : []),
  ];
}
