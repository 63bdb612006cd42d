/**
 * Our own list: lengths, fragmentation, pings (RFC 6455 §5.2, §5.4, §5.5).
 */
import { Random } from '@tautline/testkit'
import { binary, type Demand, type Expected, text } from './case.ts'
import { mixedText, type OwnCase, type Script } from './own.ts'

const number = (n: number): string => String(n).padStart(2, '0')
const bytes = (size: number): Buffer => new Random(size + 1).bytes(size)

export const LENGTHS: readonly number[] = [
  0,
  1,
  2,
  124,
  125,
  126,
  127,
  128,
  255,
  256,
  4095,
  65534,
  65535,
  65536,
  65537,
  1 << 20,
]

/** N: every length around the boundaries of the length field, as text and as binary. */
export const LENGTH_CASES: readonly OwnCase[] = LENGTHS.flatMap((size, i): OwnCase[] => [
  {
    id: `N${number(i)}T`,
    rfc: '5.2',
    title: `text of ${size} bytes`,
    required: ['ECHO'],
    script: () => [{ opcode: 1, payload: mixedText(size) }],
    echo: [text(mixedText(size))],
  },
  {
    id: `N${number(i)}B`,
    rfc: '5.2',
    title: `binary of ${size} bytes`,
    required: ['ECHO'],
    script: () => [{ opcode: 2, payload: bytes(size) }],
    echo: [binary(bytes(size))],
  },
])

type Interleave = (index: number) => Script

/** A message in parts of the given sizes, with other frames in between. */
function fragments(
  opcode: 1 | 2,
  payload: Uint8Array,
  sizes: readonly number[],
  between: Interleave = () => [],
): Script {
  let at = 0
  return sizes.flatMap((size, i) => {
    const part = { opcode: i === 0 ? opcode : 0, fin: i === sizes.length - 1, payload: payload.subarray(at, at + size) }
    at += size
    return [part, ...(part.fin ? [] : between(i))]
  })
}

const MESSAGE = Buffer.from(mixedText(60))
const ping: Interleave = (i) => [{ opcode: 9, payload: `ping ${i}` }]
const pong: Interleave = (i) => [{ opcode: 10, payload: `pong ${i}` }]
const both: Interleave = (i) => [...ping(i), ...pong(i), ...ping(i + 100), ...pong(i)]

/** Pongs answer pings in order; some may be left out, the last one not (RFC 6455 §5.5.3). */
export function answersTo(pings: readonly (string | Uint8Array)[]): Demand {
  return ({ pongs }) => {
    let at = 0
    for (const pong of pongs) {
      while (at < pings.length && Buffer.compare(Buffer.from(pings[at] as string), pong) !== 0) at++
      if (at++ >= pings.length) return `a pong nobody asked for: ${pong.toString('latin1')}`
    }
    if (pings.length > 0 && at !== pings.length) return 'the last ping was not answered'
    return null
  }
}

interface Shape {
  readonly title: string
  readonly sizes: readonly number[]
  readonly between?: Interleave
  readonly pings?: readonly string[]
}

const ones = Array<number>(MESSAGE.length).fill(1)
const SHAPES: readonly Shape[] = [
  { title: 'two fragments', sizes: [25, 35] },
  { title: 'three fragments', sizes: [1, 58, 1] },
  { title: 'one fragment per byte', sizes: ones },
  { title: 'an empty first fragment', sizes: [0, 60] },
  { title: 'an empty last fragment', sizes: [60, 0] },
  { title: 'empty fragments in between', sizes: [20, 0, 0, 20, 0, 20] },
  { title: 'a ping between two fragments', sizes: [30, 30], between: ping, pings: ['ping 0'] },
  { title: 'a pong between two fragments', sizes: [30, 30], between: pong },
  {
    title: 'a ping behind every byte',
    sizes: ones,
    between: ping,
    pings: ones.slice(1).map((_, i) => `ping ${i}`),
  },
  {
    title: 'pings and pongs between fragments, empty ones too',
    sizes: [0, 20, 0, 40, 0],
    between: both,
    pings: [0, 1, 2, 3].flatMap((i) => [`ping ${i}`, `ping ${i + 100}`]),
  },
]

/** G: fragmentation, with and without interleaved control frames. Chopped octet-wise like every case. */
export const FRAGMENT_CASES: readonly OwnCase[] = [
  ...SHAPES.flatMap((shape, i): OwnCase[] => {
    const demand = answersTo(shape.pings ?? [])
    const common = { rfc: '5.4', required: ['ECHO'], demand }
    return [
      {
        ...common,
        id: `G${number(i)}T`,
        title: `text in ${shape.title}`,
        script: () => fragments(1, MESSAGE, shape.sizes, shape.between),
        echo: [text(MESSAGE.toString())],
      },
      {
        ...common,
        id: `G${number(i)}B`,
        title: `binary in ${shape.title}`,
        script: () => fragments(2, MESSAGE, shape.sizes, shape.between),
        echo: [binary(MESSAGE)],
      },
    ]
  }),
  {
    id: 'G20',
    rfc: '5.4',
    title: 'nothing but empty fragments is an empty message',
    required: ['ECHO'],
    script: () => fragments(1, MESSAGE, [0, 0, 0]),
    echo: [text('')],
  },
  {
    id: 'G21',
    rfc: '5.4',
    title: 'fragmented messages and whole ones in turn',
    required: ['ECHO'],
    script: () => [
      ...fragments(1, MESSAGE, [10, 50]),
      { opcode: 2, payload: 'whole' },
      ...fragments(2, MESSAGE, [59, 1], ping),
      ...fragments(1, MESSAGE, [0, 60]),
    ],
    echo: [text(MESSAGE.toString()), binary(Buffer.from('whole')), binary(MESSAGE), text(MESSAGE.toString())],
    demand: answersTo(['ping 0']),
  },
  ...(
    [
      ['G30', 'a text frame inside a fragmented text, behind a ping', { opcode: 1, payload: 'new' }],
      ['G31', 'a binary frame inside a fragmented text, behind a ping', { opcode: 2, payload: 'new' }],
      ['G32', 'a first fragment inside a fragmented text', { opcode: 1, fin: false, payload: 'new' }],
      ['G33', 'a fragmented ping inside a fragmented text', { opcode: 9, fin: false, payload: 'x' }],
      ['G34', 'a reserved opcode inside a fragmented text', { opcode: 3, payload: 'x' }],
      ['G35', 'RSV bits on a continuation', { opcode: 0, rsv: 4, payload: 'x' }],
    ] as const
  ).map(
    ([id, title, frame]): OwnCase => ({
      id,
      rfc: '5.4',
      title,
      required: ['CLOSE:1002'],
      script: () => [{ opcode: 1, fin: false, payload: 'begun' }, ...ping(0), frame],
    }),
  ),
  {
    id: 'G36',
    rfc: '5.4',
    title: 'a continuation behind a message that ended with a ping in it',
    required: ['ECHO+CLOSE:1002'],
    script: () => [...fragments(1, MESSAGE, [30, 30], ping), { opcode: 0, payload: 'more' }],
    echo: [text(MESSAGE.toString())],
  },
]

const BINARY_PING = new Random(9).bytes(125)
const flood = (count: number): Expected[] => Array.from({ length: count }, (_, i) => text(`ping ${i}`))

/** P: pings and pongs. A text behind them shows that the connection lives. */
export const PING_CASES: readonly OwnCase[] = (
  [
    ['P00', 'an empty ping', [{ opcode: 9 }], ['']],
    ['P01', 'a ping of one byte', [{ opcode: 9, payload: 'x' }], ['x']],
    ['P02', 'a ping of 125 bytes that are no text', [{ opcode: 9, payload: BINARY_PING }], [BINARY_PING]],
    ['P03', 'an empty pong nobody asked for', [{ opcode: 10 }], []],
    ['P04', 'a pong of 125 bytes nobody asked for', [{ opcode: 10, payload: BINARY_PING }], []],
    [
      'P05',
      'ten pings',
      Array.from({ length: 10 }, (_, i) => ({ opcode: 9, payload: `${i}` })),
      Array.from({ length: 10 }, (_, i) => `${i}`),
    ],
    [
      'P06',
      'a pong between two pings',
      [
        { opcode: 9, payload: 'a' },
        { opcode: 10, payload: 'b' },
        { opcode: 9, payload: 'c' },
      ],
      ['a', 'c'],
    ],
    [
      'P07',
      '10,000 pings of 125 bytes in one burst',
      Array.from({ length: 10_000 }, (_, i) => ({ opcode: 9, payload: String(i).padStart(125) })),
      Array.from({ length: 10_000 }, (_, i) => String(i).padStart(125)),
    ],
    ['P08', '10,000 empty pongs in one burst', Array.from({ length: 10_000 }, () => ({ opcode: 10 })), []],
  ] satisfies readonly (readonly [string, string, Script, readonly (string | Uint8Array)[]])[]
).map(
  ([id, title, script, pings]): OwnCase => ({
    id,
    rfc: '5.5.2',
    title,
    required: ['ECHO'],
    script: () => [...script, { opcode: 1, payload: 'alive' }],
    echo: [text('alive')],
    demand: answersTo(pings),
  }),
)

/** M: many messages in one burst come back in order. */
export const BURST_CASES: readonly OwnCase[] = [
  {
    id: 'M00',
    rfc: '5.4',
    title: '1,000 short texts in one burst',
    required: ['ECHO'],
    script: () => flood(1000).map(({ payload }) => ({ opcode: 1, payload })),
    echo: flood(1000),
  },
]
