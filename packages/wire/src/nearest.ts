// Finds the word that was probably meant, for errors that say so. Pure.

/** Longer words are no slips of the keyboard. */
const LONGEST = 80

/** The known word that differs by the fewest edits (a swap of neighbours is one); null if none is near. */
export function nearest<T extends string>(word: string, known: Iterable<T>): T | null {
  if (word.length > LONGEST) return null
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

/** Damerau's and Levenshtein's, without transposed pieces that were edited again. */
function distance(a: string, b: string): number {
  let before: number[] = []
  let previous = Array.from({ length: b.length + 1 }, (_, i) => i)
  for (let i = 1; i <= a.length; i++) {
    const row = [i]
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1]
      let cost = Math.min(previous[j]! + 1, row[j - 1]! + 1, previous[j - 1]! + (same ? 0 : 1))
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) cost = Math.min(cost, before[j - 2]! + 1)
      row.push(cost)
    }
    before = previous
    previous = row
  }
  return previous[b.length]!
}
