// The log: one line per event on standard output. What peers wrote appears escaped, secrets do not appear, and whoever
// knocks a thousand times does not get a thousand lines.

import { type DestinationStream, type Logger, pino } from 'pino'
import { Quota } from './quota.ts'

export type Level = 'debug' | 'info' | 'warn' | 'error'
export type Fields = Readonly<Record<string, string | number | boolean>>

export interface LogOptions {
  readonly level: Level | 'silent'
  readonly format: 'json' | 'pretty'
  /** Default: standard output. */
  readonly write?: (line: string) => void
  /** Monotonic ms, for the quota. */
  readonly now?: () => number
}

/** Texts shorter than this are in every word: they are no secrets. */
const SHORTEST_SECRET = 6
const LONGEST = 1_024
/** Characters of a line that move a cursor, end a line somewhere, or turn the order of the text around. */
const UNSAFE = /[\u007f-\u009f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]/g
/** header.payload.signature */
const TOKEN = /\beyJ[A-Za-z0-9_-]{4,}\.[A-Za-z0-9_-]{4,}\.[A-Za-z0-9_-]*/g
const HIDDEN = '[hidden]'
/** Fields whose names say that nobody should read them. */
const NAMES = /token|secret|password|passphrase|cookie|authorization|api[-_]?key/i

/** Of what the server says, what somebody should look at. Who was refused is not that. */
const WARNINGS = /failed|out of reach|cannot/

/** The log of one process. */
export class Log {
  private readonly sink: Logger
  private readonly quota: Quota
  private secrets: readonly string[]
  private readonly write: (line: string) => void

  constructor(options: LogOptions) {
    const { level, format, write = writeOut, now = () => performance.now() } = options
    this.write = write
    this.secrets = []
    const stream: DestinationStream = { write: (line) => this.put(format === 'json' ? line : pretty(line)) }
    this.sink = pino(
      {
        level,
        base: null,
        messageKey: 'event',
        timestamp: pino.stdTimeFunctions.isoTime,
        formatters: { level: (label) => ({ level: label }) },
      },
      stream,
    )
    this.quota = new Quota(now, (event, count) => this.sink.warn({ count }, `${event} (more of it was not written)`))
  }

  set level(level: Level | 'silent') {
    this.sink.level = level
  }

  /** What must not be printed, whoever tries. */
  hide(secrets: readonly string[]): void {
    this.secrets = [...new Set(secrets)]
      .filter((secret) => secret.length >= SHORTEST_SECRET)
      .sort((a, b) => b.length - a.length)
  }

  debug(event: string, fields: Fields = {}): void {
    this.sink.debug(clean(fields), event)
  }

  info(event: string, fields: Fields = {}): void {
    this.sink.info(clean(fields), event)
  }

  warn(event: string, fields: Fields = {}): void {
    this.sink.warn(clean(fields), event)
  }

  error(event: string, fields: Fields = {}): void {
    this.sink.error(clean(fields), event)
  }

  /** For what the server says of its peers: they decide how often it happens. */
  readonly peer = (event: string, fields: Fields = {}): void => {
    if (!this.quota.take(event)) return
    if (WARNINGS.test(event)) this.warn(event, fields)
    else this.info(event, fields)
  }

  /** Says what was held back, and stops counting. */
  close(): void {
    this.quota.close()
  }

  private put(line: string): void {
    let safe = line.replace(TOKEN, HIDDEN)
    for (const secret of this.secrets) {
      safe = safe.replaceAll(secret, HIDDEN)
      // As JSON writes it, where it has quotes or line ends.
      const quoted = JSON.stringify(secret).slice(1, -1)
      if (quoted !== secret) safe = safe.replaceAll(quoted, HIDDEN)
    }
    this.write(safe.replace(UNSAFE, escapeUnit))
  }
}

function clean(fields: Fields): Record<string, string | number | boolean> {
  const cleaned: Record<string, string | number | boolean> = {}
  for (const [name, value] of Object.entries(fields)) {
    if (NAMES.test(name) && typeof value === 'string') cleaned[name] = HIDDEN
    else if (typeof value !== 'string') cleaned[name] = value
    else {
      const shown = value.replace(/([?&](?:token|access_token|key|secret)=)[^&\s"']*/gi, `$1${HIDDEN}`)
      cleaned[name] = shown.length > LONGEST ? `${shown.slice(0, LONGEST)}…` : shown
    }
  }
  return cleaned
}

const COLOURS: Readonly<Record<string, string>> = { debug: '2', info: '36', warn: '33', error: '31' }

/** For a person at a terminal: time, level, event, fields. It is made of the JSON line, whose texts are escaped. */
function pretty(line: string): string {
  const { time, level, event, ...fields } = JSON.parse(line) as Record<string, unknown>
  const clock = String(time).slice(11, 23)
  const isTerminal = process.stdout.isTTY && process.env['NO_COLOR'] === undefined
  const mark = String(level).padEnd(5)
  const shown = Object.entries(fields).map(([name, value]) => ` ${plain(name)}=${plain(value)}`)
  const colour = isTerminal ? `\u001b[${COLOURS[String(level)] ?? '0'}m${mark}\u001b[0m` : mark
  return `${clock} ${colour} ${quotedIfOdd(String(event))}${shown.join('')}\n`
}

function plain(value: unknown): string {
  return typeof value === 'string' && /^[A-Za-z0-9_.:/@*~+-]+$/.test(value) ? value : JSON.stringify(value)
}

function quotedIfOdd(text: string): string {
  return /[\u0000-\u001f]/.test(text) ? JSON.stringify(text) : text
}

function escapeUnit(unit: string): string {
  return `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`
}

function writeOut(line: string): void {
  process.stdout.write(line)
}
