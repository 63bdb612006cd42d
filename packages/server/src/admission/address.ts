// Addresses of peers in one spelling, and what counts as one client among them. Only numbers: no name is ever looked up.

import { isIP } from 'node:net'

/** No address is longer: eight groups of four, or six and a dotted quad, and a zone of 15. */
const LONGEST = 64

/**
 * An address without its zone; IPv4 in its own form where it came as `::ffff:192.0.2.1`.
 *
 * @returns null: it is none
 */
export function plainAddress(text: string): string | null {
  if (text.length > LONGEST) return null
  const family = isIP(text)
  if (family === 0) return null
  if (family === 4) return text
  const zone = text.indexOf('%')
  const address = zone === -1 ? text : text.slice(0, zone)
  const groups = groupsOf(address)
  // RFC 4291 §2.5.5.2: "IPv4-mapped IPv6 address".
  const [a, b, c, d, e, f, high, low] = groups as [number, number, number, number, number, number, number, number]
  if ((a | b | c | d | e) !== 0 || f !== 0xffff) return address.toLowerCase()
  return `${high >> 8}.${high & 255}.${low >> 8}.${low & 255}`
}

/**
 * Who is counted together: an IPv4 address alone, of IPv6 a /64, for everybody at home has one of those to choose from.
 *
 * @param address as `plainAddress` gives it
 */
export function clientKey(address: string): string {
  if (!address.includes(':')) return address
  const [a, b, c, d] = groupsOf(address) as [number, number, number, number]
  return `${a.toString(16)}:${b.toString(16)}:${c.toString(16)}:${d.toString(16)}::/64`
}

/** The eight groups of an address of version 6 that is right. */
function groupsOf(address: string): number[] {
  const [head = '', tail] = address.split('::')
  const before = numbersOf(head)
  if (tail === undefined) return before
  const after = numbersOf(tail)
  return [...before, ...new Array<number>(8 - before.length - after.length).fill(0), ...after]
}

function numbersOf(part: string): number[] {
  if (part === '') return []
  const groups: number[] = []
  for (const group of part.split(':')) {
    if (!group.includes('.')) {
      groups.push(Number.parseInt(group, 16))
      continue
    }
    const [a, b, c, d] = group.split('.').map(Number) as [number, number, number, number]
    groups.push(a * 256 + b, c * 256 + d)
  }
  return groups
}
