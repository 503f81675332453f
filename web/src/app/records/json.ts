// A record's JSON between its bytes, which the service keeps as they are, and text.

export function textOf(json: Uint8Array): string {
  return new TextDecoder().decode(json);
}

export function bytesOf(text: string): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(text);
}
