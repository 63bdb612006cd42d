// Values and words as errors show them. Pure.

/** A value: one line, escaped, not long. */
export function shown(value: unknown): string {
  if (typeof value === 'object' && value !== null && '~standard' in value) return 'a schema'
  if (Array.isArray(value)) return 'a list'
  let text: string | undefined
  try {
    text = typeof value === 'bigint' ? `${value}n` : typeof value === 'number' ? String(value) : JSON.stringify(value)
  } catch {}
  if (text === undefined) return typeof value
  if (typeof value === 'string') text = `'${text.slice(1, -1)}'`
  return text.length > 140 ? `${text.slice(0, 137)}...` : text
}

export function quote(word: string): string {
  return `'${word}'`
}

/** The known word that was probably meant; null if none is near. */
export function nearest<T extends string>(word: string, known: readonly T[]): T | null {
  if (word.length > 40) return null
  let best: T | null = null
  let least = Math.min(4, Math.ceil(word.length / 2) + 1)
  for (const candidate of known) {
    const edits = distance(word.toLowerCase(), candidate.toLowerCase())
    if (edits >= least) continue
    least = edits
    best = candidate
  }
  return best
}

/** Edits between two short words. */
function distance(a: string, b: string): number {
  let previous = Array.from({ length: b.length + 1 }, (_, i) => i)
  for (let i = 1; i <= a.length; i++) {
    const row = [i]
    for (let j = 1; j <= b.length; j++) {
      const swap = a[i - 1] === b[j - 1] ? 0 : 1
      row.push(Math.min(previous[j]! + 1, row[j - 1]! + 1, previous[j - 1]! + swap))
    }
    previous = row
  }
  return previous[b.length]!
}
