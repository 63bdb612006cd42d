// How patterns relate to one another: which is more specific, which covers or meets another one. Pure; whether one
// matches a channel is said in channel.ts.

const LITERAL = 0
const ONE = 1
const REST = 2

/**
 * Orders patterns, the more specific first: segment by segment from the left, a literal before `*` before `**`. Of the
 * patterns that match one channel, no two are equal in this order.
 *
 * @returns below 0: `a` is more specific; 0: both have the same shape
 */
export function moreSpecific(a: string, b: string): number {
  const left = a.split(':')
  const right = b.split(':')
  for (let i = 0; i < left.length && i < right.length; i++) {
    const difference = kind(left[i]!) - kind(right[i]!)
    if (difference !== 0) return difference
  }
  return right.length - left.length
}

/** Does every channel of `inner` belong to `outer`, too? */
export function containsPattern(outer: string, inner: string): boolean {
  const left = outer.split(':')
  const right = inner.split(':')
  for (let i = 0; i < left.length; i++) {
    const asked = right[i]
    if (asked === undefined) return false
    if (left[i] === '**') return true
    if (left[i] !== asked && (left[i] !== '*' || asked === '**')) return false
  }
  return left.length === right.length
}

/** Is there a channel that belongs to both? */
export function overlapPatterns(a: string, b: string): boolean {
  const left = a.split(':')
  const right = b.split(':')
  for (let i = 0; ; i++) {
    const x = left[i]
    const y = right[i]
    if (x === undefined || y === undefined) return x === y
    if (x === '**' || y === '**') return true
    if (x !== y && x !== '*' && y !== '*') return false
  }
}

function kind(segment: string): number {
  return segment === '**' ? REST : segment === '*' ? ONE : LITERAL
}
