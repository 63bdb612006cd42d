// Finds the word that was probably meant. Pure.

/** The known word that differs by the fewest edits; null if none is near. */
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

/** Levenshtein's: letters put in, left out or replaced. */
function distance(a: string, b: string): number {
  let previous = Array.from({ length: b.length + 1 }, (_, i) => i)
  for (let i = 1; i <= a.length; i++) {
    const row = [i]
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1] ? 0 : 1
      row.push(Math.min(previous[j]! + 1, row[j - 1]! + 1, previous[j - 1]! + same))
    }
    previous = row
  }
  return previous[b.length]!
}
