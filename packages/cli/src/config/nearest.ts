// Finds the word that was probably meant.

/** The known word next to `word`; null if none is near. */
export function nearest(word: string, known: Iterable<string>): string | null {
  if (word.length > 80) return null
  let best: string | null = null
  let least = Math.min(5, Math.ceil(word.length / 2) + 1)
  for (const candidate of known) {
    const edits = distance(word.toLowerCase(), candidate.toLowerCase())
    if (edits < least) {
      least = edits
      best = candidate
    }
  }
  return best
}

/** `did you mean 'x'?`, or a list of what is known. */
export function suggestion(word: string, known: readonly string[]): string {
  const near = nearest(word, known)
  if (near !== null) return `did you mean '${near}'?`
  return known.length === 0 ? 'nothing may stand here' : `known are ${known.map((one) => `'${one}'`).join(', ')}`
}

/** Edits (a swap of neighbours is one) between two short words. */
function distance(a: string, b: string): number {
  let before: number[] = []
  let previous = Array.from({ length: b.length + 1 }, (_, i) => i)
  for (let i = 1; i <= a.length; i++) {
    const row = [i]
    for (let j = 1; j <= b.length; j++) {
      let cost = Math.min(previous[j]! + 1, row[j - 1]! + 1, previous[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1))
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) cost = Math.min(cost, before[j - 2]! + 1)
      row.push(cost)
    }
    before = previous
    previous = row
  }
  return previous[b.length]!
}
