// Rooms and addresses: /r/general is the room `general`, / the one that was open last. Pure.
import { isRoom } from '../shared/messages.ts'

export const FIRST_ROOM = 'general'

export function pathOf(room: string): string {
  return `/r/${room}`
}

/** null: the address names no room. */
export function roomOf(path: string): string | null {
  const room = /^\/r\/([^/]*)\/?$/.exec(path)?.[1]
  return room !== undefined && isRoom(room) ? room : null
}
