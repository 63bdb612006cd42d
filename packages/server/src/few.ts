// Sets and maps that are empty nearly always, in things of which there are very many: while nothing is in them they are all
// the same one. An empty Map of one's own takes 184 bytes, and a session would have eight.

const NOBODY: ReadonlySet<never> = new Set<never>()
const NOTHING: ReadonlyMap<never, never> = new Map<never, never>()

/** A set to begin with. Whoever holds it replaces it by what `including` and `excluding` return. */
export function fewMembers<T>(): ReadonlySet<T> {
  return NOBODY
}

export function including<T>(set: ReadonlySet<T>, member: T): ReadonlySet<T> {
  return set.size === 0 ? new Set([member]) : (set as Set<T>).add(member)
}

export function excluding<T>(set: ReadonlySet<T>, member: T): ReadonlySet<T> {
  if (set.size === 0) return set
  ;(set as Set<T>).delete(member)
  return set.size === 0 ? NOBODY : set
}

/** As `fewMembers`, with `entering` and `dropping`. */
export function fewEntries<K, V>(): ReadonlyMap<K, V> {
  return NOTHING as ReadonlyMap<K, V>
}

export function entering<K, V>(map: ReadonlyMap<K, V>, key: K, value: V): ReadonlyMap<K, V> {
  return map.size === 0 ? new Map([[key, value]]) : (map as Map<K, V>).set(key, value)
}

export function dropping<K, V>(map: ReadonlyMap<K, V>, key: K): ReadonlyMap<K, V> {
  if (map.size === 0) return map
  ;(map as Map<K, V>).delete(key)
  return map.size === 0 ? fewEntries() : map
}
