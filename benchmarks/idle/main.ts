// `npm run bench:idle`: what connections cost that do nothing, on one process with as many as its files allow: memory as
// a slope, the time to let them in, the heartbeat; and what each is made of. Writes docs/reports/idle-scale.md.

import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as after } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { buildGenerator, GENERATOR } from '../generator.ts'
import { end, endAllOnExit, freePort, LOAD_CORE, pinned } from '../processes.ts'
import { Idlers } from './idlers.ts'
import { type Beat, type Crowd, type Parts, report } from './report.ts'
import type { Held } from './server.ts'
import { shares } from './snapshot.ts'

const FEW = 2000
const ALL = 18_000
/** A snapshot is a count: few connections say as much as many, and are read sooner. */
const SAMPLE = 500

/** What the realtime server's clients say: a session with one subscription. */
const CONNECT = {
  id: 1,
  op: 'connect',
  client: 'q83vEjRWeJCrze8SNFZ4kA',
  features: [],
  resume: [{ ch: 'bench', from: 'head' }],
}

/** How wsload comes to a kind of server; `parts`: its snapshot is shown. */
const KINDS: Readonly<Record<string, { readonly load: readonly string[]; readonly parts: boolean }>> = {
  net: { load: ['--raw'], parts: true },
  engine: { load: [], parts: true },
  'engine on node:http': { load: [], parts: false },
  face: { load: [], parts: false },
  ws: { load: [], parts: false },
  realtime: { load: ['--path', '/realtime', '--sub-text', JSON.stringify(CONNECT)], parts: true },
}

/**
 * The engine's rhythm: 25 s after a connection was last looked at it is looked at again, so the first ping goes out after
 * 50 s of silence, its pong is seen 20 s later, and so on every 45 s. The window has one such round of each connection.
 */
const BEAT_FROM = 27
const BEAT_SECONDS = 45
/** Without a heartbeat nothing happens: there is nothing to wait for. */
const STILL_FROM = 2
const STILL_SECONDS = 10

/** Opens connections and keeps them: resolves when the server has let all of them in, and says how long that took. */
class Clients {
  private readonly child: ReturnType<typeof pinned>
  private out = ''

  constructor(kind: string, port: number, count: number, seconds: number) {
    const load = KINDS[kind]?.load ?? []
    const idle = [
      '--mode',
      'idle',
      '--conns',
      `${count}`,
      '--secs',
      `${seconds}`,
      '--src-ips',
      '4',
      '--port',
      `${port}`,
    ]
    this.child = pinned(LOAD_CORE, [GENERATOR, ...idle, ...load])
    this.child.stdout.on('data', (chunk) => {
      this.out += chunk
    })
  }

  /** Seconds from the first connection to the last. */
  async took(): Promise<number> {
    if (this.child.exitCode === null) await once(this.child, 'close')
    const { secs, open, still_open } = JSON.parse(this.out) as { secs: number; open: number; still_open: number }
    if (open !== still_open) throw new Error(`${open - still_open} of ${open} connections were lost`)
    return secs
  }

  end(): Promise<void> {
    return end(this.child)
  }
}

/** Waits until the server has so many connections and nothing to do for them. */
async function settled(server: Idlers, files: number): Promise<void> {
  for (let quiet = 0, cpu = server.cpu; quiet < 3; ) {
    await after(200)
    const now = server.cpu
    quiet = server.files >= files && now - cpu < 10e6 ? quiet + 1 : 0
    cpu = now
  }
}

/** Runs `use` with a server at which `few` connections are, then with `all`. */
async function crowd<T>(
  kind: string,
  [few, all]: readonly [number, number],
  seconds: number,
  look: (server: Idlers, count: number) => Promise<T>,
): Promise<{ first: T; last: T; cpu: number; clients: Clients }> {
  const port = await freePort()
  const server = await Idlers.start(kind, port)
  const clients: Clients[] = []
  try {
    const files = server.files
    clients.push(new Clients(kind, port, few, 600))
    await settled(server, files + few)
    const first = await look(server, few)
    const began = server.cpu
    const more = new Clients(kind, port, all - few, seconds)
    clients.push(more)
    await settled(server, files + all)
    const cpu = server.cpu - began
    const last = await look(server, all)
    await more.took()
    return { first, last, cpu, clients: more }
  } finally {
    await Promise.all([server.end(), ...clients.map((one) => one.end())])
  }
}

async function measureCrowd(kind: string): Promise<Crowd> {
  const { first, last, cpu, clients } = await crowd(kind, [FEW, ALL], 4, (server) => server.held())
  const more = ALL - FEW
  const slope = (of: keyof Held): number => (last[of] - first[of]) / more
  return {
    kind,
    rss: slope('rss'),
    live: slope('live'),
    heap: slope('heap'),
    seconds: await clients.took(),
    cpu: cpu / 1000 / more,
  }
}

/** CPU in a window in which nothing happens but the heartbeat. */
async function measureBeat(kind: string, from: number, seconds: number): Promise<Beat> {
  const look = async (server: Idlers, count: number): Promise<number> => {
    if (count !== ALL) return 0
    // What V8 would clean up in a quiet moment is no heartbeat.
    await server.held()
    await after(from * 1000)
    const before = server.cpu
    await after(seconds * 1000)
    return server.cpu - before
  }
  const { last } = await crowd(kind, [FEW, ALL], from + seconds + 10, look)
  return { kind, nsPerSecond: last / seconds / ALL }
}

async function takeApart(kind: string): Promise<Parts> {
  const folder = mkdtempSync(join(tmpdir(), 'idle-'))
  try {
    const counts = [SAMPLE, 3 * SAMPLE] as const
    const look = (server: Idlers, count: number) => server.snapshot(join(folder, `${count}.heapsnapshot`))
    const { first, last } = await crowd(kind, counts, 5, look)
    return { kind, shares: shares(first, last, 2 * SAMPLE) }
  } finally {
    rmSync(folder, { recursive: true })
  }
}

const HELP = `npm run bench:idle -- [options]
  --only KIND   one of: ${Object.keys(KINDS).join(', ')}
  --parts       only what a connection is made of: counted, so any machine will do
  --write       writes docs/reports/idle-scale.md
`

function readOptions(): { kinds: readonly string[]; partsOnly: boolean; write: boolean } {
  try {
    const { values } = parseArgs({
      options: {
        help: { type: 'boolean', default: false },
        only: { type: 'string' },
        parts: { type: 'boolean', default: false },
        write: { type: 'boolean', default: false },
      },
    })
    if (values.help) {
      console.log(HELP)
      process.exit(0)
    }
    const { only, parts, write } = values
    const kinds = Object.keys(KINDS).filter((kind) => only === undefined || only === kind)
    if (kinds.length === 0) throw new Error(`there is no kind "${only}"`)
    return { kinds, partsOnly: parts, write }
  } catch (error) {
    console.error(`${(error as Error).message}\n\n${HELP}`)
    process.exit(2)
  }
}

const { kinds, partsOnly, write } = readOptions()
endAllOnExit()
buildGenerator()
const crowds: Crowd[] = []
const parts: Parts[] = []
const beats: Beat[] = []
for (const kind of kinds) {
  if (!partsOnly) crowds.push(await measureCrowd(kind))
  if (KINDS[kind]?.parts === true || partsOnly) parts.push(await takeApart(kind))
}
if (kinds.includes('engine') && !partsOnly) {
  beats.push(await measureBeat('engine', BEAT_FROM, BEAT_SECONDS))
  beats.push(await measureBeat('engine without heartbeat', STILL_FROM, STILL_SECONDS))
  beats.push(await measureBeat('realtime', STILL_FROM, STILL_SECONDS))
}
const text = report({ few: FEW, all: ALL, crowds, parts, beats, seconds: BEAT_SECONDS })
console.log(text)
if (write) writeFileSync(join(import.meta.dirname, '../../docs/reports/idle-scale.md'), text)
