import assert from 'node:assert/strict'
import { test } from 'node:test'
import { draw, PLOTS } from '../plot.ts'
import { WORKLOADS } from '../workloads.ts'
import { RESULTS } from './fixture.ts'

const PLOT = { file: 'x.svg', title: 'CPU < memory & "more"', rows: ['echo-125-1', 'echo-125-32', 'idle'] }

/** Every tag is closed by its own name, attributes are quoted, and no character stands unescaped. */
function assertWellFormed(xml: string): void {
  const open: string[] = []
  const rest = xml.replace(
    /<(\/?)([a-z]+)((?: [A-Za-z-]+="[^"<&]*(?:&\w+;[^"<&]*)*")*)(\/?)>/g,
    (_, end, name, __, own) => {
      if (end) assert.equal(open.pop(), name)
      else if (!own) open.push(name)
      return ''
    },
  )
  assert.deepEqual(open, [])
  assert.doesNotMatch(rest, /[<>]|&(?!amp;|lt;|gt;|quot;)/)
}

test('a plot is well-formed whatever the names are', () => {
  const svg = draw(PLOT, RESULTS)
  assert.ok(svg)
  assertWellFormed(svg)
  assert.match(svg, /<title>CPU &lt; memory &amp; &quot;more&quot;<\/title>/)
  assert.match(svg, />Bun &amp; &lt;Co&gt;</)
})

test('the longest bar of a row is its largest figure, and the others stand to it as their figures do', () => {
  const svg = draw({ ...PLOT, rows: ['echo-125-1'] }, RESULTS) ?? ''
  const widths = [...svg.matchAll(/<rect class="(?:ours|other)"[^>]* width="([\d.]+)" height="14"/g)].map((m) =>
    Number(m[1]),
  )
  assert.equal(widths.length, 3)
  const [ws = 0, engine = 0, bun = 0] = widths
  assert.ok(Math.abs(engine / ws - 0.8) < 0.01 && Math.abs(bun / ws - 0.5) < 0.01, widths.join())
  for (const label of ['10.00 µs', '8.00 µs', '5.00 µs']) assert.ok(svg.includes(label), label)
})

test('who failed has no bar, and a plot without a measured row is none', () => {
  const svg = draw({ ...PLOT, rows: ['compressed'] }, RESULTS) ?? ''
  assert.doesNotMatch(svg, /Bun/)
  assert.equal(draw({ ...PLOT, rows: ['handshake'] }, RESULTS), null)
})

test('every plot draws rows that exist', () => {
  const known = WORKLOADS.map(({ id }) => id)
  for (const { rows } of PLOTS) for (const id of rows) assert.ok(known.includes(id), id)
})
