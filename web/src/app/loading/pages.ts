// A list that arrives page by page, as state: what has come, what is under way, what was refused.

export interface Pages<Entry, Refused> {
  entries: readonly Entry[];
  // What to ask for the next page with; undefined: there is none, or nothing has come yet.
  next?: string;
  // Whether a first page has ever come.
  loaded: boolean;
  busy?: 'first' | 'more';
  refused?: Refused;
}

export type PagesEvent<Entry, Refused> =
  // Another list in the place of this one.
  | { kind: 'begun' }
  | { kind: 'asked'; for: 'first' | 'more' }
  | { kind: 'arrived'; for: 'first' | 'more'; entries: readonly Entry[]; next: string }
  | { kind: 'refused'; refused: Refused }
  | { kind: 'changed'; change: (entries: readonly Entry[]) => readonly Entry[] };

export function noPages<Entry, Refused>(): Pages<Entry, Refused> {
  return { entries: [], loaded: false, busy: 'first' };
}

// A list that loads anew keeps what it shows, a refusal too, until there is an answer; and a refusal
// leaves what had come before it.
export function pagesAfter<Entry, Refused>(
  pages: Pages<Entry, Refused>,
  event: PagesEvent<Entry, Refused>,
): Pages<Entry, Refused> {
  switch (event.kind) {
    case 'begun':
      return noPages();
    case 'asked':
      return { ...pages, busy: event.for };
    case 'arrived':
      return {
        entries: event.for === 'more' ? [...pages.entries, ...event.entries] : event.entries,
        next: event.next === '' ? undefined : event.next,
        loaded: true,
      };
    case 'refused':
      return { ...pages, busy: undefined, refused: event.refused };
    case 'changed':
      return { ...pages, entries: event.change(pages.entries) };
  }
}

// The entries with `entry` in the place of its older self, or behind all others.
export function withEntry<Entry>(
  entries: readonly Entry[],
  entry: Entry,
  key: (entry: Entry) => string,
): readonly Entry[] {
  const at = entries.findIndex((other) => key(other) === key(entry));
  return at < 0 ? [...entries, entry] : entries.with(at, entry);
}

export function withoutEntry<Entry>(
  entries: readonly Entry[],
  gone: string,
  key: (entry: Entry) => string,
): readonly Entry[] {
  return entries.filter((entry) => key(entry) !== gone);
}
