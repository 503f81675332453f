// Names in transit. Fabric's client renames keys, and the string value of every key called `type`,
// in each message it sends, and back in each it receives. The portal works with the names of the
// API, so it maps what it receives once. What it sends needs no mapping: the client's own leaves
// API names as they are.

const PAIRS: readonly (readonly [wire: string, api: string])[] = [
  ['artifact', 'item'],
  ['Artifact', 'Item'],
  ['ARTIFACT', 'ITEM'],
  ['trident', 'fabric'],
  ['Trident', 'Fabric'],
  ['TRIDENT', 'FABRIC'],
  ['extension', 'workload'],
  ['Extension', 'Workload'],
  ['EXTENSION', 'WORKLOAD'],
];

// Whose content is a person's search, not names.
const UNTOUCHED = 'searchTokenMatchesBySection';

/** A received value with the names of the API. */
export function toApiNames(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(toApiNames);
  if (typeof value !== 'object' || value === null) return value;
  const renamed: Record<string, unknown> = {};
  for (const [key, member] of Object.entries(value)) {
    renamed[renameOnce(key)] = renamedMember(key, member);
  }
  return renamed;
}

function renamedMember(key: string, member: unknown): unknown {
  if (key === UNTOUCHED) return member;
  if (key === 'type' && typeof member === 'string') return renameOnce(member);
  return toApiNames(member);
}

// The first occurrence of each word, and no more, as the client does.
function renameOnce(name: string): string {
  return PAIRS.reduce((renamed, [wire, api]) => renamed.replace(wire, api), name);
}
