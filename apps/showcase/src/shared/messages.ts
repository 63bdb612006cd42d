// What the chat's page and its server agree on: the channels, what is published on them, the limits, and the check of
// everything a client sends. Shared by both sides; it never touches the DOM, node: or the network.

/** The sizes nobody may exceed. Lengths are in code points. */
export const LIMITS = {
  /** Characters of a person's name, and of a room's. */
  name: 32,
  /** Characters of one message. */
  text: 2000,
  rooms: 100,
  /** UTF-8 bytes of one message as JSON: 2000 characters, each escaped as a surrogate pair, and what is around them. */
  body: 32_768,
} as const

/** The log of all rooms. Only the server writes it, when somebody calls {@link CREATE_ROOM}. */
export const ROOMS = 'rooms'
/** The log of who is called what. Everybody writes their own name. */
export const PEOPLE = 'people'
/** The method that makes a room: {@link Titled} in, {@link RoomEntry} out. */
export const CREATE_ROOM = 'create-room'

/** A room's log: what was said in it. */
export function roomChannel(room: string): string {
  return `room:${room}`
}

/** Who has a room open, and who is writing in it just now: presence and hints, nothing is stored. */
export function hereChannel(room: string): string {
  return `here:${room}`
}

/** One message in a room's log. Who said it is the server's word: `from.user` of the publication. */
export type Said = { readonly text: string; readonly name: string }
/** One name in the log of people. */
export type Named = { readonly name: string }
export type Titled = { readonly title: string }
/** One room in the log of rooms. `room` is its name in channels and addresses, `title` what people read. */
export type RoomEntry = { readonly room: string; readonly title: string }
/** What a browser shows when it connects, as JSON in the token. The public id follows from the key, which stays secret. */
export type Credentials = { readonly key: string; readonly name: string }

// Control characters; bidirectional overrides and isolates (they reorder the text around them); zero-width marks and
// the byte order mark. Joiners (U+200D) stay: emoji families are made of them.
const FORBIDDEN_IN_TEXT = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069\ufeff]/g
const FORBIDDEN_IN_NAME = /[\u0000-\u001f\u007f-\u009f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u2069\ufeff]/g
const KEY = /^[A-Za-z0-9_-]{16,64}$/
const ROOM = /^[a-z0-9][a-z0-9-]{0,47}$/

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

/** True for what may stand behind `room:` and `/r/`. */
export function isRoom(room: string): boolean {
  return ROOM.test(room)
}

// Each check gives what may be passed on, made presentable and without fields it does not know, or says in words what
// is wrong. None of them throws, whatever it is given.

export function checkSaid(value: unknown): Said | string {
  const { text: raw, name: rawName } = fieldsOf(value)
  if (typeof raw !== 'string') return 'a message needs a text'
  const text = cleanText(raw)
  if (text === '') return 'the text is empty'
  if (characters(text) > LIMITS.text) return `the text is longer than ${LIMITS.text} characters`
  const named = checkNamed({ name: rawName })
  return typeof named === 'string' ? named : { text, name: named.name }
}

export function checkNamed(value: unknown): Named | string {
  const { name: raw } = fieldsOf(value)
  const name = typeof raw === 'string' ? cleanName(raw) : ''
  return name === '' ? 'a name needs a visible character' : { name }
}

export function checkTitled(value: unknown): Titled | string {
  const { title: raw } = fieldsOf(value)
  const title = typeof raw === 'string' ? cleanName(raw) : ''
  return title === '' ? 'a room needs a name' : { title }
}

export function checkRoomEntry(value: unknown): RoomEntry | string {
  const { room } = fieldsOf(value)
  const titled = checkTitled(value)
  if (typeof titled === 'string') return titled
  return typeof room === 'string' && isRoom(room) ? { room, title: titled.title } : 'this is not a room'
}

/** Reads the token of a connection. */
export function checkCredentials(token: string | undefined): Credentials | string {
  let value: unknown
  try {
    value = JSON.parse(token ?? '')
  } catch {
    return 'the token must be JSON: {"key", "name"}'
  }
  const { key } = fieldsOf(value)
  const named = checkNamed(value)
  if (typeof key !== 'string' || !KEY.test(key)) return 'the key must be 16 to 64 letters, digits, _ or -'
  return typeof named === 'string' ? named : { key, name: named.name }
}

/** The own fields of an object, never the ones of its prototype; nothing of anything else. */
function fieldsOf(value: unknown): Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null) return {}
  return Object.assign(Object.create(null), value)
}
