// What the chat page and its server say to one another: types, limits, and the check of everything a client sends.
// Shared by both sides; it never touches the DOM, node: or the network.

/** The sizes nobody may exceed. Lengths are in code points, times in milliseconds. */
export const LIMITS = {
  /** Characters of a name. */
  name: 32,
  /** Characters of one message. */
  text: 2000,
  /** Messages the server remembers and shows on entry. */
  history: 100,
  /** UTF-8 bytes of one client message on the wire: 2000 characters, each escaped as a surrogate pair, and the rest. */
  payload: 32_768,
} as const

/** One message as everybody sees it. `user` and `id` together name it once and for all. */
export interface ChatMessage {
  /** Place in the room's order, from 1; only comparable within one epoch. */
  readonly seq: number
  /** Chosen by the sender, so that sending again is harmless. */
  readonly id: string
  readonly user: string
  readonly name: string
  readonly text: string
  /** Milliseconds since 1970, by the server's clock. */
  readonly at: number
}

/** Somebody in the room. A person with several tabs is one person. */
export interface Person {
  readonly id: string
  readonly name: string
  readonly tabs: number
}

/** Where a returning client stopped: it is sent only what came later. */
export interface Position {
  readonly epoch: string
  readonly seq: number
}

export type ClientMessage =
  | { readonly type: 'hello'; readonly key: string; readonly name: string; readonly known?: Position }
  | { readonly type: 'say'; readonly id: string; readonly text: string }
  | { readonly type: 'rename'; readonly name: string }
  | { readonly type: 'typing' }
  | { readonly type: 'ping'; readonly at: number }

export type RefusalReason = 'rate' | 'invalid'

export type ServerMessage =
  | {
      readonly type: 'welcome'
      /** Names this run of the server; another epoch means that it restarted and its memory is gone. */
      readonly epoch: string
      readonly you: string
      readonly people: readonly Person[]
      readonly messages: readonly ChatMessage[]
    }
  | { readonly type: 'message'; readonly message: ChatMessage }
  | { readonly type: 'person'; readonly person: Person }
  | { readonly type: 'left'; readonly id: string }
  | { readonly type: 'typing'; readonly id: string }
  | { readonly type: 'refused'; readonly id?: string; readonly reason: RefusalReason; readonly retryAfter: number }
  | { readonly type: 'pong'; readonly at: number }

/** `id` is there when a message to say was refused whose id could be read: its sender stops repeating it. */
export type Checked =
  | { readonly message: ClientMessage; readonly problem?: undefined }
  | { readonly problem: string; readonly id?: string }

// Control characters; bidirectional overrides and isolates (they reorder the text around them); zero-width marks and
// the byte order mark. Joiners (U+200D) stay: emoji families are made of them.
const FORBIDDEN_IN_TEXT = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069\ufeff]/g
const FORBIDDEN_IN_NAME = /[\u0000-\u001f\u007f-\u009f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u2069\ufeff]/g
const ID = /^[A-Za-z0-9_-]{1,64}$/
const KEY = /^[A-Za-z0-9_-]{16,64}$/

/** Makes a name presentable: one line, no invisible characters, at most {@link LIMITS}.name characters; may be ''. */
export function cleanName(raw: string): string {
  const line = raw.slice(0, 1024).toWellFormed().normalize('NFC').replace(FORBIDDEN_IN_NAME, ' ')
  return firstCharacters(line.replace(/\s+/g, ' ').trim(), LIMITS.name).trim()
}

/** Makes a text presentable: unix line ends, no control characters, trimmed; may be ''. It never shortens. */
export function cleanText(raw: string): string {
  return raw.toWellFormed().replace(/\r\n?/g, '\n').replace(FORBIDDEN_IN_TEXT, '').trim()
}

/** The length in code points, as {@link LIMITS} counts. */
export function characters(text: string): number {
  let count = 0
  for (const _ of text) count++
  return count
}

function firstCharacters(text: string, limit: number): string {
  return Array.from(text).slice(0, limit).join('')
}

/** Checks one message of a client, already known to be at most {@link LIMITS}.payload bytes. Never throws. */
export function checkClientMessage(json: string): Checked {
  let value: unknown
  try {
    value = JSON.parse(json)
  } catch {
    return { problem: 'not JSON' }
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return { problem: 'not an object' }
  const fields = new Map(Object.entries(value))
  switch (fields.get('type')) {
    case 'hello':
      return checkHello(fields)
    case 'say':
      return checkSay(fields)
    case 'rename': {
      const name = nameOf(fields)
      return name === '' ? { problem: 'rename: no usable name' } : { message: { type: 'rename', name } }
    }
    case 'typing':
      return { message: { type: 'typing' } }
    case 'ping': {
      const at = fields.get('at')
      return typeof at === 'number' ? { message: { type: 'ping', at } } : { problem: 'ping: at is not a number' }
    }
    default:
      return { problem: 'unknown type' }
  }
}

function checkHello(fields: ReadonlyMap<string, unknown>): Checked {
  const key = fields.get('key')
  if (typeof key !== 'string' || !KEY.test(key)) return { problem: 'hello: bad key' }
  const name = nameOf(fields)
  if (name === '') return { problem: 'hello: no usable name' }
  const known = fields.get('known')
  if (known === undefined) return { message: { type: 'hello', key, name } }
  if (typeof known !== 'object' || known === null) return { problem: 'hello: bad position' }
  const { epoch, seq } = known as { epoch?: unknown; seq?: unknown }
  if (typeof epoch !== 'string' || !ID.test(epoch) || !Number.isSafeInteger(seq)) {
    return { problem: 'hello: bad position' }
  }
  return { message: { type: 'hello', key, name, known: { epoch, seq: seq as number } } }
}

function checkSay(fields: ReadonlyMap<string, unknown>): Checked {
  const id = fields.get('id')
  const raw = fields.get('text')
  if (typeof id !== 'string' || !ID.test(id)) return { problem: 'say: bad id' }
  if (typeof raw !== 'string') return { problem: 'say: text is not a string', id }
  const text = cleanText(raw)
  if (text === '') return { problem: 'say: empty text', id }
  if (characters(text) > LIMITS.text) return { problem: 'say: text is too long', id }
  return { message: { type: 'say', id, text } }
}

function nameOf(fields: ReadonlyMap<string, unknown>): string {
  const name = fields.get('name')
  return typeof name === 'string' ? cleanName(name) : ''
}

/** Reads a message of our own server; null for what this page does not know (an older page, a newer server). */
export function readServerMessage(json: string): ServerMessage | null {
  try {
    const value: unknown = JSON.parse(json)
    if (typeof value !== 'object' || value === null || !('type' in value)) return null
    return value as ServerMessage
  } catch {
    return null
  }
}
