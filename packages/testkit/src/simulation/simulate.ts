// One run: a seed becomes a world, the world acts under faults, comes to rest, and is judged. The same seed gives the
// same run, to the last event: the hash of its trace shows it.

import { check, type Finding, type History } from '../checker/mod.ts'
import type { Bug } from './bugs.ts'
import { Chance } from './chance.ts'
import { calm, strike } from './faults.ts'
import { historyOf } from './history-of.ts'
import type { Plan } from './plan.ts'
import type { Line } from './trace.ts'
import { buildWorld, type World } from './world.ts'

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
  /** Breaks the world on purpose: the checker must notice. */
  readonly bug?: Bug | null
  /** Channels begin as in JetStream or Kafka: at the store's own sequence. No broker of today does that. */
  readonly counted?: boolean
}

/** More events than any sound run has; beyond them a run counts as one that never comes to rest. */
const MOST_EVENTS = 300_000

/** Runs one seed. */
export async function simulate(seed: number, options: SimulateOptions = {}): Promise<Outcome> {
  const findings: Finding[] = []
  const failed = (error: unknown): void => {
    const text = error instanceof Error ? (error.stack ?? error.message) : String(error)
    findings.push({ check: 'nothing throws', channel: null, observer: null, at: world.scheduler.now, text })
  }
  const world = buildWorld(seed, options, failed)
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

async function play(world: World, failed: (error: unknown) => void, findings: Finding[]): Promise<void> {
  const { plan, chance, applications, scheduler, world: time, operator } = world
  const operations = new Chance(plan.seed, 'operations')
  for (const application of applications) {
    for (let i = 0; i < plan.operations; i++) {
      time.outside(
        () => application.machine.post(() => application.act(), 0),
        i === 0 ? operations.within(0, 50) : operations.within(0, plan.active),
      )
    }
  }
  for (let i = 0; i < plan.orders; i++) time.outside(() => operator.act(), operations.within(100, plan.active))
  for (let i = 0; i < plan.faults; i++) time.outside(() => strike(world), chance.within(100, plan.active))
  const first = await scheduler.run(plan.active, MOST_EVENTS, failed)
  calm(world)
  world.note('quiet')
  // By then everything has come to rest; what follows is certain.
  time.outside(() => operator.last(), plan.quiet - 30_000)
  time.outside(() => operator.afterwards(), plan.quiet - 15_000)
  const second = await scheduler.run(plan.active + plan.quiet, MOST_EVENTS, failed)
  if (first === 'events' || second === 'events') {
    const text = `${scheduler.ran} events, and no end`
    findings.push({ check: 'everything comes to rest', channel: null, observer: null, at: scheduler.now, text })
  }
}

/** Lets everybody look around once more, reads what was written down, and closes everything. */
async function finish(world: World, failed: (error: unknown) => void): Promise<History> {
  const { scheduler, cluster, plan } = world
  const history = historyOf(world)
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
  return { ...history, presence: views, leftovers: await closed(world, failed) }
}

/** Everything is closed: what is still there a while later was left behind. */
async function closed(world: World, failed: (error: unknown) => void): Promise<History['leftovers']> {
  const { scheduler, cluster, applications, network } = world
  for (const { client } of applications) client.close()
  await scheduler.run(scheduler.now + 15_000, MOST_EVENTS, failed)
  for (const { machine } of cluster.running) cluster.stop(machine.name)
  await scheduler.run(scheduler.now + 15_000, MOST_EVENTS, failed)
  const left = [
    ...cluster.stopped.map(({ machine, done, at }) => ({
      observer: machine.name,
      text: done ? '' : `close() has not resolved since ${Math.round(at)} ms`,
      machine,
    })),
    ...applications.map(({ name, machine }) => ({ observer: name, text: '', machine })),
  ].filter(({ machine }) => machine.alive)
  const found = left.map(({ observer, text, machine }) => ({
    observer,
    text: machine.timers > 0 ? `${text} ${machine.timers} timers are set` : text,
  }))
  if (network.connections.length > 0)
    found.push({ observer: 'network', text: `${network.connections.length} connections are open` })
  return found.filter(({ text }) => text !== '')
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
  for (const { outcome } of history.calls) add(`call ${outcome}`)
  for (const { page } of history.reads) add(page === null ? 'history not found' : 'history pages')
  for (const session of history.sessions) if (session.ended !== null) add(`ended ${session.ended.code}`)
  for (const { level, steps } of history.patterns) {
    if (level === 'application') add('pattern messages', steps.filter((step) => step.kind === 'message').length)
  }
  if (!history.lineage) {
    const lost = history.logs.flatMap((log) => log.entries).filter((entry) => entry.vanished !== null)
    add('entries lost without lineage', lost.length)
  }
  add('reached', history.reached.length)
  add('direct messages received', history.received.length)
  add(
    'entries',
    history.logs.reduce((sum, log) => sum + log.entries.length, 0),
  )
  add('events', scheduler.ran)
  return counts
}
