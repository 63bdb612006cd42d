// A strict reader of Prometheus' text format 0.0.4, written from its description: what it does not allow, it refuses.

export interface Family {
  readonly type: string
  readonly samples: readonly {
    readonly name: string
    readonly labels: Readonly<Record<string, string>>
    readonly value: number
  }[]
}

const NAME = /^[a-zA-Z_:][a-zA-Z0-9_:]*/
const LABEL = /^([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\[\\"n])*)"/
const VALUE = /^(?:[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?|NaN|[+-]Inf)$/
const TYPES = ['counter', 'gauge', 'histogram', 'summary', 'untyped']
const SUFFIXES: Readonly<Record<string, readonly string[]>> = {
  histogram: ['_bucket', '_sum', '_count'],
  summary: ['', '_sum', '_count'],
}

/** @throws Error naming the line that is wrong */
export function readExposition(text: string): ReadonlyMap<string, Family> {
  if (!text.endsWith('\n')) throw new Error('the last line must end with a line feed')
  const families = new Map<
    string,
    { type: string; samples: { name: string; labels: Record<string, string>; value: number }[] }
  >()
  const helped = new Set<string>()
  const seen = new Set<string>()
  let current = ''
  for (const line of text.slice(0, -1).split('\n')) {
    const fail = (why: string): never => {
      throw new Error(`${why}: ${line}`)
    }
    if (line === '') continue
    if (line.startsWith('#')) {
      const [, kind, name = '', rest = ''] = /^# (HELP|TYPE) (\S+)(?: (.*))?$/.exec(line) ?? []
      if (kind === undefined) continue
      if (NAME.exec(name)?.[0] !== name) fail('a metric name is wrong')
      if (kind === 'HELP') {
        if (helped.has(name)) fail('HELP twice')
        if (/\\(?![\\n])/.test(rest)) fail('a wrong escape')
        helped.add(name)
        continue
      }
      if (!TYPES.includes(rest)) fail('an unknown type')
      if (families.has(name)) fail('TYPE twice, or behind samples')
      families.set(name, { type: rest, samples: [] })
      current = name
      continue
    }
    const name = NAME.exec(line)?.[0] ?? fail('no metric name')
    let rest = line.slice(name.length)
    const labels: Record<string, string> = {}
    if (rest.startsWith('{')) {
      rest = rest.slice(1)
      while (!rest.startsWith('}')) {
        const [whole, label, value] = LABEL.exec(rest) ?? fail('a label is wrong')
        if (Object.hasOwn(labels, label as string)) fail('a label twice')
        labels[label as string] = value as string
        rest = rest.slice((whole as string).length)
        if (rest.startsWith(',')) rest = rest.slice(1)
        else if (!rest.startsWith('}')) fail('labels end wrong')
      }
      rest = rest.slice(1)
    }
    const [value, timestamp, ...more] = rest.trimStart().split(/[ \t]+/)
    if (value === undefined || !VALUE.test(value) || more.length > 0) fail('a value is wrong')
    if (timestamp !== undefined && !/^-?\d+$/.test(timestamp)) fail('a timestamp is wrong')
    const family = families.get(current)
    const suffixes = SUFFIXES[family?.type ?? ''] ?? ['']
    if (family === undefined || !suffixes.some((suffix) => name === `${current}${suffix}`)) {
      fail('a sample stands away from its TYPE')
    }
    const series = `${name}${JSON.stringify(Object.entries(labels).sort())}`
    if (seen.has(series)) fail('a series twice')
    seen.add(series)
    family?.samples.push({ name, labels, value: Number((value as string).replace('Inf', 'Infinity')) })
  }
  return families
}
