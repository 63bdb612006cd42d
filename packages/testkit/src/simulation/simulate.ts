// One run: a seed becomes a world, the world acts under faults, comes to rest, and is judged. The same seed gives the
// same run, to the last event: the hash of its trace shows it.

import { check, type Finding, type History } from '../checker/mod.ts'
import { Application } from './application.ts'
import { Chance } from './chance.ts'
import { Cluster } from './cluster.ts'
import type { Connection } from './connection.ts'
import { calm, strike, type Targets } from './faults.ts'
import { historyOf } from './history-of.ts'
import { EPOCH, Machine } from './machine.ts'
import { Network } from './network.ts'
import { type Plan, planOf } from './plan.ts'
import { Scheduler } from './scheduler.ts'
import type { StoreBug } from './store/log-model.ts'
import { SimulatedPresence } from './store/simulated-presence.ts'
import { SimulatedStore } from './store/simulated-store.ts'
import { type Line, Trace } from './trace.ts'
import { CODECS, WireObserver } from './wire-observer.ts'

/** What a run came to. */
export interface Outcome {
  readonly seed: number
  readonly hash: string
  readonly findings: readonly Finding[]
  /** How often what happened: outcomes, losses by why, gaps, fences, faults. */
  readonly counts: ReadonlyMap<string, number>
  readonly events: number
  /** Empty unless asked for. */
  readonly lines: readonly Line[]
  readonly plan: Plan
}

export interface SimulateOptions {
  /** Keeps the lines of the trace. */
  readonly trace?: boolean
  /** Breaks the store on purpose: the checker must notice. */
  readonly bug?: StoreBug | null
}

/** More events than any sound run has; beyond them a run counts as one that never comes to rest. */
const MOST_EVENTS = 300_000

/** Everything of one run. */
export interface World extends Targets {
  readonly scheduler: Scheduler
  readonly observer: WireObserver
  readonly executions: Map<string, number>
  readonly trace: Trace
}

/** Runs one seed. */
export async function simulate(seed: number, options: SimulateOptions = {}): Promise<Outcome> {
  const findings: Finding[] = []
  const failed = (error: unknown): void => {
    const text = error instanceof Error ? (error.stack ?? error.message) : String(error)
    findings.push({ check: 'nothing throws', channel: null, observer: null, at: world.scheduler.now, text })
  }
  const world = build(seed, options, failed)
  const caught = (error: unknown): void => failed(error)
  process.on('unhandledRejection', caught)
  try {
    await play(world, failed, findings)
  } finally {
    process.off('unhandledRejection', caught)
  }
  const history = await finish(world, failed)
  findings.push(...check(history))
  for (const text of world.store.breaches) {
    findings.push({ check: 'the contract of the broker is kept', channel: null, observer: null, at: 0, text })
  }
  return {
    seed,
    hash: world.trace.hash,
    findings,
    counts: countsOf(world, history),
    events: world.scheduler.ran,
    lines: world.trace.lines,
    plan: world.plan,
  }
}

function build(seed: number, options: SimulateOptions, failed: (error: unknown) => void): World {
  const plan = planOf(seed, new Chance(seed, 'plan'))
  const scheduler = new Scheduler()
  const trace = new Trace(options.trace === true)
  const note = (who: string, channel: string | null, text: string): void =>
    trace.note(scheduler.now, who, channel, text)
  const world = new Machine(scheduler, 'world')
  const policyOf = (channel: string) =>
    plan.channels.find((one) => one.names.includes(channel))?.policy ?? ('lossless' as const)
  const observer = new WireObserver(
    () => scheduler.now,
    policyOf,
    (connection, direction, message) => {
      note(connection.client, channelOf(message), lineOf(connection, direction, message))
    },
  )
  const network = new Network(new Chance(seed, 'network'), CODECS, observer, plan.highMark)
  const store = new SimulatedStore(
    new Machine(scheduler, 'store'),
    new Chance(seed, 'store'),
    plan.store,
    options.bug ?? null,
  )
  store.feed.onTold = (node) => note(node, null, 'is told that it may have missed something')
  const presence = new SimulatedPresence(store)
  const executions = new Map<string, number>()
  const cluster = new Cluster({
    plan,
    scheduler,
    network,
    store,
    presence,
    note: (who, text) => note(who, null, text),
    executed: (call) => executions.set(call, (executions.get(call) ?? 0) + 1),
  })
  for (let i = 1; i <= plan.nodes; i++) cluster.start(`n${i}`)
  const applications = Array.from(
    { length: plan.clients },
    (_, i) => new Application(`c${i + 1}`, { plan, scheduler, network, note, failed }),
  )
  const chance = new Chance(seed, 'faults')
  const targets: Targets = {
    plan,
    chance,
    world,
    network,
    cluster,
    store,
    presence,
    applications,
    calm: false,
    note: (text) => note('world', null, `*** ${text}`),
  }
  return Object.assign(targets, { scheduler, observer, executions, trace })
}

async function play(world: World, failed: (error: unknown) => void, findings: Finding[]): Promise<void> {
  const { plan, chance, applications, scheduler, world: time } = world
  const operations = new Chance(plan.seed, 'operations')
  for (const application of applications) {
    for (let i = 0; i < plan.operations; i++) {
      time.outside(
        () => application.machine.post(() => application.act(), 0),
        i === 0 ? operations.within(0, 50) : operations.within(0, plan.active),
      )
    }
  }
  for (let i = 0; i < plan.faults; i++) time.outside(() => strike(world), chance.within(100, plan.active))
  const first = await scheduler.run(plan.active, MOST_EVENTS, failed)
  calm(world)
  world.note('quiet')
  const second = await scheduler.run(plan.active + plan.quiet, MOST_EVENTS, failed)
  if (first === 'events' || second === 'events') {
    const text = `${scheduler.ran} events, and no end`
    findings.push({ check: 'everything comes to rest', channel: null, observer: null, at: scheduler.now, text })
  }
}

/** Lets everybody look around once more, then reads what was written down. */
async function finish(world: World, failed: (error: unknown) => void): Promise<History> {
  const history = historyOf(world)
  const { scheduler, cluster, plan } = world
  // A node's own view of who is there, asked last: nothing else happens any more.
  const views: History['presence'][number][] = [...history.presence]
  for (const { realtime, machine } of cluster.running) {
    for (const channel of plan.channels.filter((one) => one.presence).flatMap((one) => one.names)) {
      realtime.presenceOf(channel).then((members) => {
        const users = [...new Set(members.map((member) => member.user ?? '?'))].sort()
        views.push({ observer: machine.name, channel, members: users })
      }, failed)
    }
  }
  await scheduler.run(scheduler.now + 1_000, MOST_EVENTS, failed)
  return { ...history, presence: views }
}

function countsOf({ observer, store, scheduler }: World, history: History): ReadonlyMap<string, number> {
  const counts = new Map(observer.counts)
  const add = (name: string, count = 1): void => {
    counts.set(name, (counts.get(name) ?? 0) + count)
  }
  for (const publish of history.publishes) {
    add(`publish ${publish.outcome === 'ok' && publish.duplicate === true ? 'duplicate' : publish.outcome}`)
    if (publish.outcome === 'unknown' || publish.outcome === 'failed') add(`publish ${publish.code}`)
  }
  for (const fault of store.faults) add(`store ${fault.kind}`, 1)
  for (const fault of store.faults) if (fault.lost !== undefined && fault.lost > 0) add('store lost its tail')
  for (const stream of history.streams) {
    add('messages', stream.level === 'application' ? stream.steps.filter((step) => step.kind === 'message').length : 0)
  }
  add('reached', history.reached.length)
  add('calls', history.calls.length)
  add(
    'entries',
    history.logs.reduce((sum, log) => sum + log.entries.length, 0),
  )
  add('events', scheduler.ran)
  return counts
}

function channelOf(message: object): string | null {
  return 'ch' in message && typeof message.ch === 'string' ? message.ch : null
}

function lineOf(connection: Connection, direction: string, message: object): string {
  const text = JSON.stringify(message, (_, value) => (value instanceof Uint8Array ? `${value.length} bytes` : value))
  return `#${connection.id} ${direction} ${connection.node} ${text.length > 400 ? `${text.slice(0, 400)}…` : text}`
}

/** Wall time of a moment of a run, for those who read the trace. */
export function wallOf(at: number): Date {
  return new Date(EPOCH + at)
}
