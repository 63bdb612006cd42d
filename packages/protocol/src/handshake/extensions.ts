// The value of Sec-WebSocket-Extensions (RFC 6455 §9.1), read in one pass. It knows the grammar only; what a parameter
// means is the extension's business (deflate/parameters.ts).

import { classAt, isBlank, TOKEN } from './tokens.ts'

/** One extension with its parameters, in order and with repetitions; a parameter without a value is `true`. */
export interface ExtensionOffer {
  readonly name: string
  readonly parameters: readonly (readonly [name: string, value: string | true])[]
}

const QUOTE = 0x22
const COMMA = 0x2c
const SEMICOLON = 0x3b
const EQUALS = 0x3d
const BACKSLASH = 0x5c

/**
 * Parses a list of extensions. Blanks may stand around every delimiter, as RFC 2616's grammar implies; empty members
 * are an error, since the list is `1#extension`.
 *
 * @param text the values of all Sec-WebSocket-Extensions fields, joined by `, `
 * @returns null when the text does not follow the grammar
 */
export function parseExtensions(text: string): ExtensionOffer[] | null {
  const cursor: Cursor = { text, at: 0 }
  const offers: ExtensionOffer[] = []
  do {
    const offer = parseExtension(cursor)
    if (offer === null) return null
    offers.push(offer)
  } while (skipDelimiter(cursor, COMMA))
  return cursor.at === text.length ? offers : null
}

interface Cursor {
  readonly text: string
  at: number
}

/** `extension = extension-token *( ";" extension-param )` */
function parseExtension(cursor: Cursor): ExtensionOffer | null {
  const name = takeToken(cursor)
  if (name === '') return null
  const parameters: (readonly [string, string | true])[] = []
  while (skipDelimiter(cursor, SEMICOLON)) {
    const parameter = takeToken(cursor)
    if (parameter === '') return null
    let value: string | true = true
    if (skipDelimiter(cursor, EQUALS)) {
      value = cursor.text.charCodeAt(cursor.at) === QUOTE ? takeQuoted(cursor) : takeToken(cursor)
      if (value === '') return null
    }
    parameters.push([parameter, value])
  }
  return { name, parameters }
}

/** A token and the blanks around it; '' when there is none. */
function takeToken(cursor: Cursor): string {
  skipBlanks(cursor)
  const start = cursor.at
  while ((classAt(cursor.text, cursor.at) & TOKEN) !== 0) cursor.at++
  const token = cursor.text.slice(start, cursor.at)
  skipBlanks(cursor)
  return token
}

/**
 * A quoted-string, unescaped; '' when it is not closed or not a token inside.
 *
 * RFC 6455 §9.1: "When using the quoted-string syntax variant, the value after quoted-string unescaping MUST conform to
 * the 'token' ABNF." So the first character that is no token character ends it, and escapes cannot pile up.
 */
function takeQuoted(cursor: Cursor): string {
  const text = cursor.text
  let value = ''
  for (let i = cursor.at + 1; i < text.length; i++) {
    if (text.charCodeAt(i) === QUOTE) {
      cursor.at = i + 1
      skipBlanks(cursor)
      return value
    }
    if (text.charCodeAt(i) === BACKSLASH) i++
    if ((classAt(text, i) & TOKEN) === 0) return ''
    value += text[i]
  }
  return ''
}

function skipDelimiter(cursor: Cursor, delimiter: number): boolean {
  if (cursor.text.charCodeAt(cursor.at) !== delimiter) return false
  cursor.at++
  skipBlanks(cursor)
  return true
}

function skipBlanks(cursor: Cursor): void {
  while (isBlank(cursor.text.charCodeAt(cursor.at))) cursor.at++
}
