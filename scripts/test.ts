// `npm test`: the check, then the quick suites; `npm run test:long`: the long ones, with a report that is committed.
// Arguments choose files by a part of their path: `npm test -- websocket/test/server`.

import { existsSync, globSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { cpus, totalmem } from 'node:os'
import { pathToFileURL } from 'node:url'
import { check } from './check.ts'
import { run } from './run.ts'
import { setup } from './setup.ts'
import type { Tally } from './tally-reporter.ts'
import { missingTools } from './tools.ts'

const ROOTS = '{packages/*,apps/*,conformance,fuzz,benchmarks,scripts,examples}/test'
const ci = process.env['CI'] === 'true'
const long = process.argv.includes('--long')
const filters = process.argv.slice(2).filter((argument) => !argument.startsWith('-'))

const USAGE = `npm test -- [part of a path]...        the check and the quick suites, or those whose path contains a part
npm run test:long -- [part of a path]...   the long suites`

/** What is wrong with the arguments, or null. */
function problem(): string | null {
  const unknown = process.argv.slice(2).find((argument) => argument.startsWith('-') && argument !== '--long')
  if (unknown !== undefined) return unknown === '--help' ? '' : `there is no option ${unknown}`
  // node:test takes a pattern that matches nothing for a success.
  return testFiles().length === 0
    ? `no ${long ? 'long' : 'quick'} test file matches ${filters.join(' ') || ROOTS}`
    : null
}

function testFiles(): string[] {
  return globSync(`${ROOTS}/**/*.test.ts`, { exclude: (path) => path.includes('node_modules') })
    .filter((file) => file.endsWith('.long.test.ts') === long)
    .filter((file) => filters.length === 0 || filters.some((filter) => file.includes(filter)))
    .sort()
}

interface Group {
  readonly name: string
  readonly files: readonly string[]
  readonly options: readonly string[]
}

/** Pure suites share one process: starting one each would take longer than they run. A long one is a group by itself. */
function groups(): Group[] {
  const all = testFiles()
  if (long) {
    return all.map((file) => ({
      name: file,
      files: [file],
      options: ['--test-concurrency=1', '--test-timeout=1800000'],
    }))
  }
  const pure = all.filter((file) => file.startsWith('packages/protocol/'))
  const others = all.filter((file) => !pure.includes(file))
  return [
    { name: 'pure suites, one process', files: pure, options: ['--test-isolation=none'] },
    { name: 'suites with a process each', files: others, options: ['--test-concurrency=2'] },
  ]
    .filter((group) => group.files.length > 0)
    .map((group) => ({ ...group, options: [...group.options, '--test-timeout=120000'] }))
}

/** Every process of a suite searches what it writes for secrets, and puts what it finds here. */
const leaks = `${process.cwd()}/test-output/leaks-${process.pid}`
const watched = {
  ...process.env,
  NODE_OPTIONS: `${process.env['NODE_OPTIONS'] ?? ''} --import=${pathToFileURL('scripts/watch-output.mjs').href}`,
  SUITE_LEAKS: leaks,
}

/** Secrets that were written somewhere: none is the only right number. */
function leaked(): readonly string[] {
  const file = `${leaks}/leaks.txt`
  const found = existsSync(file) ? readFileSync(file, 'utf8').trimEnd().split('\n') : []
  rmSync(leaks, { recursive: true })
  return found
}

async function runGroup(group: Group, index: number): Promise<Tally> {
  console.log(`\n▸ ${group.name}: ${group.files.length} files`)
  // Two runs in one checkout must not write to the same file.
  const output = `test-output/tally-${process.pid}-${index}.json`
  writeFileSync(output, '')
  const reporters = [
    `--test-reporter=${process.stdout.isTTY ? 'spec' : 'dot'}`,
    '--test-reporter-destination=stdout',
    '--test-reporter=./scripts/tally-reporter.ts',
    `--test-reporter-destination=${output}`,
  ]
  const code = await run('node', ['--test', ...group.options, ...reporters, ...group.files], watched)
  const text = readFileSync(output, 'utf8')
  rmSync(output)
  const tally: Tally = text === '' ? { passed: 0, failed: 1, skipped: [] } : JSON.parse(text)
  // A file that cannot even be loaded is a failure without a test.
  if (code !== 0 && tally.failed === 0) tally.failed = 1
  return tally
}

function printSkipped(skipped: Tally['skipped']): void {
  if (skipped.length === 0) return
  console.log('\nSkipped:')
  for (const { name, reason } of skipped) console.log(`  ${name}: ${reason}`)
}

const REPORT = 'docs/reports/long-suites.md'

/** The report has a row for each long suite, of its last run: a run of some of them leaves the others' rows. */
function writeReport(tallies: ReadonlyMap<string, { tally: Tally; seconds: number }>): void {
  const rows = new Map<string, string>()
  const before = existsSync(REPORT) ? readFileSync(REPORT, 'utf8') : ''
  for (const [row, file] of before.matchAll(/^\| `([^`]+)` .*$/gm))
    if (existsSync(file ?? '')) rows.set(file as string, row)
  const date = new Date().toISOString().slice(0, 10)
  for (const [file, { tally, seconds }] of tallies) {
    const { passed, failed, skipped } = tally
    const why = skipped.map(({ name, reason }) => `${name}: ${reason}`).join('; ')
    rows.set(
      file,
      `| \`${file}\` | ${passed} | ${failed} | ${skipped.length} | ${seconds.toFixed(0)} s | ${date} | ${why} |`,
    )
  }
  const machine = `Node ${process.versions.node}, ${cpus().length} cores, ${Math.round(totalmem() / 2 ** 30)} GiB`
  const head = `# The long suites, each in its last run\n\nWritten by \`npm run test:long\` (${machine}).\n\n`
  const table = `| suite | passed | failed | skipped | time | date | why skipped |\n|---|---|---|---|---|---|---|\n`
  mkdirSync('docs/reports', { recursive: true })
  writeFileSync(
    REPORT,
    `${head}${table}${[...rows]
      .sort()
      .map(([, row]) => row)
      .join('\n')}\n`,
  )
}

async function main(): Promise<boolean> {
  const began = performance.now()
  mkdirSync(leaks, { recursive: true })
  if (ci && !(await setup())) return false
  for (const tool of missingTools()) {
    console.log(`missing tool: ${tool.name}; ${tool.usedBy} skip what needs it (npm run setup installs it)`)
  }
  if (!long && filters.length === 0 && !(await check())) return false
  const total: Tally = { passed: 0, failed: 0, skipped: [] }
  const tallies = new Map<string, { tally: Tally; seconds: number }>()
  for (const [index, group] of groups().entries()) {
    const groupBegan = performance.now()
    const tally = await runGroup(group, index)
    tallies.set(group.name, { tally, seconds: (performance.now() - groupBegan) / 1000 })
    // After each suite: what has run is not lost with the run.
    if (long) writeReport(tallies)
    total.passed += tally.passed
    total.failed += tally.failed
    total.skipped.push(...tally.skipped)
  }
  const seconds = (performance.now() - began) / 1000
  printSkipped(total.skipped)
  // In CI every tool was installed, so that nothing may be left out for want of one.
  const wanting = ci ? total.skipped.filter(({ reason }) => reason.startsWith('missing')) : []
  if (wanting.length > 0) console.error(`\n${wanting.length} tests were skipped in CI for want of a tool`)
  const secrets = leaked()
  if (secrets.length > 0) console.error(`\nsecrets in the output of the suites:\n  ${secrets.join('\n  ')}`)
  console.log(`\n${seconds.toFixed(0)} s`)
  console.log(`${total.passed} passed, ${total.failed} failed, ${total.skipped.length} skipped`)
  return total.failed === 0 && secrets.length === 0 && wanting.length === 0 && total.passed > 0
}

const wrong = problem()
if (wrong !== null) {
  console.error(wrong === '' ? USAGE : `${wrong}\n\n${USAGE}`)
  process.exit(wrong === '' ? 0 : 2)
}
process.exit((await main()) ? 0 : 1)
