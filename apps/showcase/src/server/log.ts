// One line per event on standard error. What a peer wrote appears only as an escaped, shortened ASCII string, so that
// nobody can forge a line, hide one, or move the cursor of the terminal that shows the log.

const LONGEST = 200

/** Quotes a text of unknown origin: ASCII only, without control characters, at most 200 characters of it. */
export function quote(text: string): string {
  const shown = text.length > LONGEST ? `${text.slice(0, LONGEST)}…` : text
  return JSON.stringify(shown).replace(/[^\x20-\x7e]/g, (unit) => {
    return `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`
  })
}

/** Writes `time event key=value …`. Strings are quoted here: a caller cannot forget it. */
export function log(event: string, fields: Readonly<Record<string, string | number | boolean>> = {}): void {
  const pairs = Object.entries(fields).map(([key, value]) => {
    return ` ${key}=${typeof value === 'string' ? quote(value) : value}`
  })
  process.stderr.write(`${new Date().toISOString()} ${event}${pairs.join('')}\n`)
}
