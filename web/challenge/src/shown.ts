// Text from elsewhere, fit to be shown: no control characters (nor those that turn the direction of
// writing), and no longer than a page has room for.

export function shown(text: string, limit: number): string {
  const plain = text.replace(/[\p{Cc}\p{Cf}\u2028\u2029]+/gu, ' ').trim();
  const characters = Array.from(plain.slice(0, 2 * limit));
  return characters.length > limit ? `${characters.slice(0, limit - 1).join('')}…` : characters.join('');
}
