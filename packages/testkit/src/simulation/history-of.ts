// From what a world's observers and its store hold to a history that the checker can judge.

import type {
  Call,
  ChannelLog,
  Fault,
  History,
  LogEntry,
  PatternStream,
  PresenceView,
  Session,
  Stream,
} from '../checker/mod.ts'
import type { Application } from './application.ts'
import type { AppStream } from './following.ts'
import { storedPayload } from './payload.ts'
import type { ChannelPlan } from './plan.ts'
import { positionOf, type StoredEntry } from './store/log-model.ts'
import type { WireStream } from './wire-observer.ts'
import type { WirePattern } from './wire-patterns.ts'
import type { World } from './world.ts'

/** The history of a world that has come to rest. */
export function historyOf(world: World): History {
  const { applications, plan, store, observer, operator, network, scheduler } = world
  const wire = observer.streams.map(wireStream)
  const apps = applications.flatMap((one) => one.following.streams.map((stream) => appStream(stream, one, world)))
  const appPublishes = applications.flatMap((one) => one.publishing.publishes)
  operator.settle()
  return {
    publishes: [...appPublishes, ...operator.publishes].sort((a, b) => a.invoked - b.invoked),
    streams: [...wire, ...apps],
    patterns: [...observer.patterns.map(wirePattern), ...applications.flatMap(appPatterns)],
    logs: plan.channels.flatMap((kind) => kind.names.map((name) => logOf(name, kind, world))),
    faults: [
      ...store.faults.flatMap((fault): Fault[] => (fault.kind === 'down' ? [] : [fault as Fault])),
      ...observer.ends.map((end): Fault => ({ at: end.at, kind: 'disconnected', client: end.client })),
    ],
    calls: callsOf(world),
    reads: applications.flatMap((one) => one.asking.reads),
    directs: operator.directs,
    received: applications.flatMap((one) => one.received),
    orders: operator.orders,
    sessions: network.made.map((connection) => sessionOf(connection, world)),
    presence: applications.flatMap(viewsOf),
    present: presentOf(world),
    reached: applications.flatMap((one) => one.following.reached),
    restless: applications.flatMap((one) => restlessOf(one, world)),
    leftovers: [],
    lineage: plan.store.lineage,
    bases: store.model.beginnings.bases,
    heartbeat: plan.heartbeat,
    quiet: plan.active,
    end: scheduler.now,
  }
}

function wireStream(stream: WireStream): Stream {
  const { connection, channel, policy, steps, on } = stream
  const observer = `${connection.client}#${connection.id}`
  return { observer, client: connection.client, level: 'wire', node: connection.node, channel, policy, steps, live: on }
}

function wirePattern({ connection, pattern, began, steps, on }: WirePattern): PatternStream {
  const { client, node, id } = connection
  return { observer: `${client}#${id}`, client, level: 'wire', node, pattern, began, steps, live: on }
}

function appStream(stream: AppStream, { name }: Application, { plan }: World): Stream {
  const { observer, channel, steps, on, handle } = stream
  const rule = plan.channels.find((one) => one.names.includes(channel)) as ChannelPlan
  return {
    observer,
    client: name,
    level: 'application',
    channel,
    // Several subscriptions share an attachment, whose policy only the wire shows.
    policy: stream.policy ?? rule.policy,
    steps,
    live: on && handle.state === 'live',
  }
}

function appPatterns({ name, following }: Application): PatternStream[] {
  return following.patterns.map(({ observer, pattern, began, steps, on, handle }) => ({
    observer,
    client: name,
    level: 'application',
    pattern,
    began,
    steps,
    live: on && handle.state === 'live',
  }))
}

function logOf(channel: string, kind: ChannelPlan, { store, plan }: World): ChannelLog {
  const { size, ttl, budget, ephemeral } = kind
  const entries = (store.model.journal.get(channel) ?? []).map(logEntry)
  return { channel, entries, rule: { size, ttl, window: plan.window, budget }, ephemeral }
}

function logEntry(entry: StoredEntry): LogEntry {
  return {
    position: positionOf(entry),
    predecessor: entry.predecessor,
    stored: entry.stored,
    payload: storedPayload(entry.body),
    scope: entry.scope,
    key: entry.key ?? null,
    ...(entry.state === undefined ? {} : { state: entry.state }),
    possibleLoss: entry.possibleLoss,
    generation: entry.generation,
    vanished: entry.vanished,
  }
}

function callsOf({ applications, cluster }: World): Call[] {
  const executions = Map.groupBy(cluster.executions, (one) => one.call)
  return applications.flatMap((one) =>
    one.asking.calls.map((call) => {
      const its = executions.get(call.call) ?? []
      const running = its.filter((execution) => execution.ended === null && execution.machine.alive).length
      return { ...call, executions: its.length, running }
    }),
  )
}

function sessionOf(connection: World['network']['made'][number], { observer, store }: World): Session {
  const { record, client, node, id, machine } = connection
  const { policies, replaced } = observer.sessions.of(connection)
  const { stalls } = machine
  const disturbed = (from: number, to: number): boolean =>
    !machine.alive ||
    stalls.some((stall) => stall.from <= to && stall.to >= from) ||
    store.lostOrders.some((at) => at >= from && at <= to)
  return {
    connection: `${client}#${id}`,
    client,
    node,
    ended: record.ended,
    over: record.over,
    policies,
    tokens: record.tokens,
    replaced:
      replaced === null
        ? null
        : { ...replaced, certain: replaced.at !== null && !disturbed(replaced.asked, replaced.at + 2_000) },
    stalls,
  }
}

function viewsOf({ following, name }: Application): PresenceView[] {
  return following.streams
    .filter((stream) => stream.on && stream.presence && stream.handle.state === 'live')
    .map(({ channel, handle, observer }) => ({
      observer: `${name} ${observer}`,
      channel,
      members: [...new Set([...handle.members.values()].map((member) => member.user ?? '?'))].sort(),
    }))
}

function presentOf({ applications, plan }: World): PresenceView[] {
  return plan.channels
    .filter((kind) => kind.presence)
    .flatMap((kind) => kind.names)
    .map((channel) => ({
      observer: 'truth',
      channel,
      members: applications
        .filter((one) => one.following.of(channel).length > 0)
        .map((one) => one.name)
        .sort(),
    }))
}

function restlessOf({ name, client, following }: Application, { plan }: World): { observer: string; text: string }[] {
  const found = client.state === 'connected' ? [] : [{ observer: name, text: `the client is ${client.state}` }]
  for (const one of [...following.streams, ...following.patterns]) {
    const { on, handle, observer } = one
    if (on && handle.state !== 'live')
      found.push({
        observer,
        text: `the subscription to ${handle.channel} is ${handle.state} (${handle.error?.message})`,
      })
  }
  if (plan.inboxes && following.of(`inbox:${name}`).length === 0)
    found.push({ observer: name, text: `the server has not subscribed it to inbox:${name}` })
  return found
}
