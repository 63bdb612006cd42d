// UTF-8: checking it, and making strings of it.

import { Buffer, isUtf8 } from 'node:buffer'
import { Utf8Validator } from '@tautline/protocol'
import { nodePlatform } from '@tautline/websocket'
import { keep, type Row, type Table } from './table.ts'

const sizes = [16, 125, 1024, 16_384]
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** So many bytes of one character after the other. */
function textOf(character: string, size: number): Buffer {
  return Buffer.from(character.repeat(Math.floor(size / Buffer.byteLength(character))))
}

function checks(character: string): readonly Row[] {
  return [
    {
      name: '`isUtf8` of Node',
      at: (size) => {
        const bytes = textOf(character, size)
        return () => isUtf8(bytes)
      },
    },
    {
      name: 'our validator, in one piece',
      at: (size) => {
        const bytes = textOf(character, size)
        const validator = new Utf8Validator()
        return () => validator.push(nodePlatform, bytes, 0, bytes.length)
      },
    },
    {
      name: 'our validator, cut inside a character',
      at: (size) => {
        const bytes = textOf(character, size)
        const cut = (bytes.length >> 1) | 1
        const validator = new Utf8Validator()
        return () =>
          validator.push(nodePlatform, bytes, 0, cut) && validator.push(nodePlatform, bytes, cut, bytes.length)
      },
    },
  ]
}

function decodings(character: string): readonly Row[] {
  return [
    {
      name: 'check, then decode, as the engine does where masking saw a byte above 7F',
      at: (size) => {
        const bytes = textOf(character, size)
        return () => {
          if (nodePlatform.isUtf8(bytes, 0, bytes.length)) keep(nodePlatform.decodeUtf8(bytes, 0, bytes.length))
        }
      },
    },
    {
      name: '`TextDecoder`, fatal',
      at: (size) => {
        const bytes = textOf(character, size)
        return () => keep(decoder.decode(bytes))
      },
    },
  ]
}

export const texts: readonly Table[] = [
  {
    name: 'checking UTF-8',
    about: 'Characters of two bytes. A validator goes on where a piece ended; whole runs it leaves to Node.',
    sizes,
    rows: checks('é'),
  },
  {
    name: 'decoding ASCII',
    about: 'While it unmasks, the engine sees whether a text is ASCII: then no check is left to do.',
    sizes,
    rows: [
      {
        name: 'as latin1, as the engine does where masking saw ASCII only',
        at: (size) => {
          const bytes = Buffer.alloc(size, 'a')
          return () => keep(nodePlatform.decodeLatin1(bytes, 0, size))
        },
      },
      ...decodings('a'),
    ],
  },
  { name: 'decoding UTF-8', about: 'Characters of two bytes.', sizes, rows: decodings('é') },
]
