// `npm run bench:setup`: brings the contestants that nobody but the benchmark needs, in the versions that
// benchmarks/contestants pins. Bun comes from npm, Centrifugo is built from the Go module proxy into benchmarks/.build.

import { existsSync, readFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { run } from '../scripts/run.ts'
import { bunBinary, centrifugoBinary } from './contestants.ts'

const HERE = import.meta.dirname
const PINNED = join(HERE, 'contestants')

/** Without install scripts: the binary lies in the package of the platform, and the script would only look for it. */
async function installBun(): Promise<boolean> {
  const code = await run('npm', ['ci', '--prefix', PINNED, '--ignore-scripts'])
  if (code === 0 && bunBinary() !== null) return true
  console.log('Bun could not be installed (above), or has no binary for this platform.')
  return false
}

function findGo(): string | null {
  const folders = [...(process.env['PATH'] ?? '').split(delimiter), '/usr/local/go/bin']
  return folders.map((folder) => join(folder, 'go')).find((file) => existsSync(file)) ?? null
}

const MODULE = 'github.com/centrifugal/centrifugo/v6'

/** As its makers build a release. */
function goArguments(): readonly string[] {
  const version = / v(\d+\.\d+\.\d+)\n/.exec(readFileSync(join(PINNED, 'go.mod'), 'utf8'))?.[1]
  const flags = `-s -w -X ${MODULE}/internal/build.Version=${version}`
  return ['build', '-C', PINNED, '-ldflags', flags, '-o', join(HERE, '.build/centrifugo'), MODULE]
}

async function buildCentrifugo(): Promise<boolean> {
  if (centrifugoBinary() !== null) return true
  const go = findGo()
  if (go === null) {
    console.log('Centrifugo is built by Go, which is neither in the PATH nor in /usr/local/go (Debian: golang-go).')
    return false
  }
  console.log('Building Centrifugo: three minutes or so.')
  const code = await run(go, goArguments())
  if (code !== 0) console.log('Centrifugo could not be built (above). A binary of it in the PATH would do as well.')
  return code === 0
}

const done = [await installBun(), await buildCentrifugo()]
console.log(`\nBun: ${bunBinary() ?? 'not there'}\nCentrifugo: ${centrifugoBinary() ?? 'not there'}`)
console.log('The benchmark leaves out who is not there, and says so.')
process.exitCode = done.every(Boolean) ? 0 : 1
