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
