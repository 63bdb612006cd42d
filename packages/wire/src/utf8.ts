// UTF-8 without copying: how long a text would be, and text that has no UTF-8 form made to have one.

/** As `utf8Length`, where the platform has nothing of its own. */
export function countUtf8(text: string): number {
  const { length } = text
  let bytes = length
  for (let i = 0; i < length; i++) {
    const code = text.charCodeAt(i)
    if (code < 0x80) continue
    bytes += code < 0x800 ? 1 : 2
    if ((code & 0xfc00) === 0xd800 && (text.charCodeAt(i + 1) & 0xfc00) === 0xdc00) {
      // A pair is four bytes for two units.
      i++
    }
  }
  return bytes
}

/** Node counts six times as fast as a loop of ours. Asked for by its global, so that no bundler brings a substitute. */
const native = (globalThis as { Buffer?: { byteLength(text: string): number } }).Buffer?.byteLength

/** Bytes of a text in UTF-8; a lone surrogate counts as U+FFFD, three. */
export const utf8Length: (text: string) => number = native ?? countUtf8

/** Is a text longer than so many bytes? Reads it only where its length does not tell. */
export function exceeds(text: string, bytes: number): boolean {
  return text.length > bytes || (text.length * 3 > bytes && utf8Length(text) > bytes)
}
