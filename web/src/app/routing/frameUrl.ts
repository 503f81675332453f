// The address of the frame after a navigation. The host's own parameters (`__iframeId` and the like)
// stay in it: a frame that loads again without them could no longer find its host.

export function frameUrl(target: string, currentSearch: string): string {
  const url = new URL(target, 'http://frame.invalid');
  for (const name of [...url.searchParams.keys()]) {
    if (name.startsWith('__')) url.searchParams.delete(name);
  }
  for (const [name, value] of new URLSearchParams(currentSearch)) {
    if (name.startsWith('__')) url.searchParams.append(name, value);
  }
  return `${url.pathname.replace(/^\/+/, '/')}${url.search}`;
}
