// What is wrong with a configuration, and where: how it is told. No value of a secret is ever part of it.

/** A place in a file, counted from 1. */
export interface Place {
  readonly line: number
  readonly column: number
}

export type Path = readonly (string | number)[]

/** One thing that is wrong. */
export interface Problem {
  /** The file, or `environment` or `flags`, as the user knows it. */
  readonly source: string
  readonly place: Place | null
  readonly path: Path
  /** What is wrong and what to write instead, to be read behind the path. */
  readonly text: string
}

/** A configuration that cannot be used. Its message lists all that is wrong. */
export class ConfigError extends Error {
  readonly problems: readonly Problem[]

  constructor(problems: readonly Problem[]) {
    super(problems.map(describe).join('\n'))
    this.name = 'ConfigError'
    this.problems = problems
  }
}

/** One line: `file:line:column  path  what is wrong`. Editors and terminals make a link of its beginning. */
export function describe({ source, place, path, text }: Problem): string {
  const where = place === null ? source : `${source}:${place.line}:${place.column}`
  return path.length === 0 ? `${where}  ${text}` : `${where}  ${named(path)} ${text}`
}

/** A path as one writes it: `channels['chat:*'].history.ttl`. */
export function named(path: Path): string {
  return path
    .map((step, i) => {
      if (typeof step === 'number') return `[${step}]`
      if (!/^[A-Za-z_$][\w$]*$/.test(step)) return `[${shown(step)}]`
      return i === 0 ? step : `.${step}`
    })
    .join('')
}

const SECRETS: ReadonlySet<string> = new Set(['secret', 'passphrase'])

/** A value as a problem shows it: one line, escaped, not long; of a secret only that there is one. */
export function shownAt(path: Path, value: unknown): string {
  if (path.some((step) => typeof step === 'string' && SECRETS.has(step)) && typeof value !== 'undefined') {
    return `the ${value === null ? 'null' : Array.isArray(value) ? 'list' : typeof value} that is there`
  }
  return shown(value)
}

export function shown(value: unknown): string {
  let text: string | undefined
  try {
    text = JSON.stringify(value)
  } catch {}
  if (text === undefined) return typeof value
  if (typeof value === 'string') text = `'${text.slice(1, -1).replaceAll("'", "\\'").replaceAll('\\"', '"')}'`
  text = text.replace(/[^\x20-\x7e\xa1-\u1fff]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
  return text.length > 60 ? `${text.slice(0, 57)}...` : text
}
