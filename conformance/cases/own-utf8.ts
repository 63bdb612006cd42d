/**
 * Our own list: every boundary of UTF-8, every overlong form, surrogates, truncations (RFC 3629, RFC 6455 §8.1).
 */
import { text } from './case.ts'
import type { OwnCase, Script } from './own.ts'

/** First and last code points of each length and of each range of second bytes, noncharacters among them. */
export const BOUNDARIES: readonly number[] = [
  0x0, 0x1, 0x7f, 0x80, 0xbf, 0xc0, 0x7ff, 0x800, 0xfff, 0x1000, 0xcfff, 0xd000, 0xd7ff, 0xe000, 0xfdd0, 0xfffd, 0xfffe,
  0xffff, 0x10000, 0x1fffe, 0x1ffff, 0x3ffff, 0x40000, 0xfffff, 0x100000, 0x10fffe, 0x10ffff,
]

/** What no UTF-8 text contains. */
export const INVALID: readonly (readonly [what: string, hex: string])[] = [
  ['a lone continuation 80', '80'],
  ['a lone continuation BF', 'bf'],
  ['two continuations', '80bf'],
  ['all 64 continuations', Array.from({ length: 64 }, (_, i) => (0x80 + i).toString(16)).join('')],
  ['lead C0', 'c0'],
  ['overlong NUL C0 80', 'c080'],
  ['overlong slash C0 AF', 'c0af'],
  ['overlong DEL C1 BF', 'c1bf'],
  ['lead C2 alone', 'c2'],
  ['lead DF before a space', 'df20'],
  ['lead C3 before a lead', 'c3c3'],
  ['overlong NUL E0 80 80', 'e08080'],
  ['overlong slash E0 80 AF', 'e080af'],
  ['overlong 7FF E0 9F BF', 'e09fbf'],
  ['E1 with a bad second byte', 'e12880'],
  ['E1 with a bad third byte', 'e18028'],
  ['E2 82 cut off', 'e282'],
  ['E2 alone', 'e2'],
  ['surrogate D800', 'eda080'],
  ['surrogate DB7F', 'edadbf'],
  ['surrogate DBFF', 'edafbf'],
  ['surrogate DC00', 'edb080'],
  ['surrogate DFFF', 'edbfbf'],
  ['a surrogate pair', 'eda0bdedb880'],
  ['EF cut off', 'efbf'],
  ['overlong NUL F0 80 80 80', 'f0808080'],
  ['overlong slash F0 80 80 AF', 'f08080af'],
  ['overlong FFFF F0 8F BF BF', 'f08fbfbf'],
  ['F0 with a bad second byte', 'f0288cbc'],
  ['F0 with a bad third byte', 'f09028bc'],
  ['F0 with a bad fourth byte', 'f0908c28'],
  ['F0 9F 98 cut off', 'f09f98'],
  ['F0 9F cut off', 'f09f'],
  ['F0 alone', 'f0'],
  ['above the last, F4 90 80 80', 'f4908080'],
  ['F4 BF BF BF', 'f4bfbfbf'],
  ['F5 80 80 80', 'f5808080'],
  ['F7 BF BF BF', 'f7bfbfbf'],
  ['five bytes', 'f888808080'],
  ['five bytes, the last', 'fbbfbfbfbf'],
  ['six bytes', 'fc8480808080'],
  ['six bytes, the last', 'fdbfbfbfbfbf'],
  ['FE', 'fe'],
  ['FF', 'ff'],
  ['a byte order mark of UTF-16', 'fffe'],
]

/** Cut off at the end of a message only: more bytes could still make it valid. */
export const UNFINISHED: ReadonlySet<string> = new Set(['c2', 'e2', 'e282', 'efbf', 'f0', 'f09f', 'f09f98'])

const pad = (n: number): string => String(n).padStart(2, '0')

/** Each byte a fragment of its own. */
function spread(payload: Uint8Array, fin: boolean): Script {
  return Array.from(payload, (_, i) => ({
    opcode: i === 0 ? 1 : 0,
    fin: fin && i === payload.length - 1,
    payload: payload.subarray(i, i + 1),
  }))
}

const common = { rfc: '8.1', required: ['CLOSE:1007'] }

/** U: text. */
export const UTF8_CASES: readonly OwnCase[] = [
  ...BOUNDARIES.map((code, i): OwnCase => {
    const value = `<${String.fromCodePoint(code)}>`
    return {
      id: `U${pad(i)}V`,
      rfc: '8.1',
      title: `U+${code.toString(16).toUpperCase().padStart(4, '0')} whole and in one-byte fragments`,
      required: ['ECHO'],
      script: () => [{ opcode: 1, payload: value }, ...spread(Buffer.from(value), true)],
      echo: [text(value), text(value)],
    }
  }),
  ...INVALID.flatMap(([what, hex], i): OwnCase[] => {
    const bad = Buffer.from(hex, 'hex')
    const inside = Buffer.concat([Buffer.from('κόσμε '), bad, Buffer.from(' end')])
    const cases: OwnCase[] = [
      { ...common, id: `U${pad(i)}A`, title: `${what}, alone`, script: () => [{ opcode: 1, payload: bad }] },
      { ...common, id: `U${pad(i)}I`, title: `${what}, inside a text`, script: () => [{ opcode: 1, payload: inside }] },
      {
        ...common,
        id: `U${pad(i)}F`,
        title: `${what}, one byte a fragment, behind a good message`,
        required: ['ECHO+CLOSE:1007'],
        script: () => [{ opcode: 1, payload: 'good' }, ...spread(bad, true)],
        echo: [text('good')],
      },
    ]
    if (UNFINISHED.has(hex)) return cases
    return [
      ...cases,
      {
        ...common,
        id: `U${pad(i)}N`,
        title: `${what}, in a first fragment that nothing follows`,
        script: () => [{ opcode: 1, fin: false, payload: inside }],
      },
      {
        ...common,
        id: `U${pad(i)}P`,
        title: `${what}, in a frame whose payload never ends`,
        script: () => [{ opcode: 1, payload: inside, declared: inside.length + 1000 }],
      },
    ]
  }),
]
