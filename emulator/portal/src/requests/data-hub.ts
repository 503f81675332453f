// The data hub: a person chooses an item of theirs for a workload to work with.

import { FABRIC_SCOPES, itemsOf, type Item } from '../fabric.ts';
import type { Answers, Portal } from '../portal.ts';
import { choose } from '../shell/dialog.ts';
import { element } from '../shell/element.ts';
import { list, text } from './fields.ts';

export function dataHub({ tokens }: Portal): Answers {
  return [
    [
      'OpenDatahubDialog',
      async (fields, from) => {
        const { token } = await tokens.acquireFor(from.workload, FABRIC_SCOPES);
        const types = list(fields, 'supportedTypes').map(String);
        const items = await itemsOf(String(token), types);
        const chosen = await pick(items, text(fields, 'dialogDescription'));
        return { selectedDatahubItem: chosen ? [selected(chosen)] : [] };
      },
    ],
  ];
}

async function pick(items: readonly Item[], description = 'Choose an item.'): Promise<Item | undefined> {
  const radios = items.map((_, index) =>
    element('input', { type: 'radio', name: 'item', value: String(index), checked: index === 0 }),
  );
  const rows = items.map(({ displayName, workspace }, index) =>
    element(
      'label',
      { class: 'choice' },
      radios[index] ?? '',
      element('span', {}, displayName),
      element('small', {}, workspace.displayName),
    ),
  );
  const none = element('p', {}, 'There is none in the workspaces you can see.');
  const content = items.length > 0 ? element('fieldset', {}, element('legend', {}, description), ...rows) : none;
  const action = await choose('data-hub', 'Choose in Fabric', [content], [
    ...(items.length > 0 ? [{ name: 'choose', label: 'Choose', primary: true }] : []),
    { name: 'cancel', label: 'Cancel' },
  ]);
  const checked = radios.findIndex((radio) => radio.checked);
  return action === 'choose' ? items[checked] : undefined;
}

function selected({ id, type, displayName, description, workspace }: Item) {
  return {
    workspaceObjectId: workspace.id,
    itemObjectId: id,
    datahubItemUI: {
      itemObjectId: id,
      itemType: type,
      displayName,
      description,
      workspaceName: workspace.displayName,
      workspaceObjectId: workspace.id,
    },
  };
}
