// What a form says before the service is asked: the contract's own limits. Each check gives what is
// wrong, or nothing; the service has the last word.

import { isGuid } from '../routing/route.ts';

export type Problem = string | undefined;

// The contract counts characters, not UTF-16 units.
export function characters(text: string): number {
  return Array.from(text).length;
}

export function bytes(text: string): number {
  return new TextEncoder().encode(text).length;
}

export function named(text: string, most: number): Problem {
  if (text === '') return 'This cannot be empty.';
  return limited(text, most);
}

export function limited(text: string, most: number): Problem {
  if (characters(text) > most) return `Use at most ${most.toLocaleString('en')} characters.`;
  return text.includes('\0') ? 'Remove the NUL character.' : undefined;
}

export function rowId(text: string): Problem {
  if (text.length > 128) return 'Use at most 128 characters.';
  return /^[A-Za-z0-9._-]*$/.test(text)
    ? undefined
    : 'Use letters, digits, hyphens, underscores and periods.';
}

const MAX_JSON_BYTES = 64 * 1024;

export function jsonValue(text: string): Problem {
  if (text.trim() === '') return 'Enter a JSON value.';
  if (bytes(text) > MAX_JSON_BYTES) return 'Use at most 64 KiB.';
  try {
    JSON.parse(text);
    return undefined;
  } catch (error) {
    return `This is not JSON: ${error instanceof Error ? error.message : 'it cannot be read'}`;
  }
}

export function guid(text: string): Problem {
  return isGuid(text) ? undefined : 'Enter an ID such as 0f8fad5b-d9cb-469f-a165-70867728950e.';
}

const MAX_PATH_BYTES = 1024;

// A path below a lakehouse's `Files` folder.
export function filePath(path: string): Problem {
  if (bytes(path) > MAX_PATH_BYTES) return 'The path is longer than 1,024 bytes.';
  const segments = path.split('/');
  if (segments.some((segment) => segment === '' || segment === '.' || segment === '..')) {
    return 'A path has names between its slashes, other than "." and "..".';
  }
  return /[\p{Cc}\\]/u.test(path) ? 'A path has no control characters and no backslashes.' : undefined;
}
