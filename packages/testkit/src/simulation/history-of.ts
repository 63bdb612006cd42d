// From what a world's observers and its store hold to a history that the checker can judge.

import type { ChannelLog, Fault, History, LogEntry, PresenceView, Stream } from '../checker/mod.ts'
import type { Application, AppStream } from './application.ts'
import { storedPayload } from './payload.ts'
import type { ChannelPlan } from './plan.ts'
import type { World } from './simulate.ts'
import { positionOf, type StoredEntry } from './store/log-model.ts'
import type { WireStream } from './wire-observer.ts'

/** The history of a world that has come to rest. */
export function historyOf(world: World): History {
  const { applications, plan, store, observer, executions, scheduler } = world
  const wire = observer.streams.filter((stream) => stream.mode !== 'pattern').map(wireStream)
  const apps = applications.flatMap((one) => one.streams.map((stream) => appStream(stream, one, world)))
  return {
    publishes: applications.flatMap((one) => one.publishes).sort((a, b) => a.invoked - b.invoked),
    streams: [...wire, ...apps],
    logs: plan.channels.flatMap((kind) => kind.names.map((name) => logOf(name, kind, world))),
    faults: [
      ...store.faults.flatMap((fault): Fault[] => (fault.kind === 'down' ? [] : [fault as Fault])),
      ...observer.ends.map((end): Fault => ({ at: end.at, kind: 'disconnected', client: end.client })),
    ],
    calls: applications.flatMap((one) =>
      one.calls.map((call) => ({ ...call, executions: executions.get(call.call) ?? 0 })),
    ),
    presence: apps.length === 0 ? [] : applications.flatMap((one) => viewsOf(one)),
    present: presentOf(world),
    reached: applications.flatMap((one) => one.reached),
    restless: applications.flatMap(restlessOf),
    lineage: plan.store.lineage,
    bases: store.model.bases,
    end: scheduler.now,
  }
}

function wireStream(stream: WireStream): Stream {
  const { connection, channel, policy, steps, on } = stream
  const observer = `${connection.client}#${connection.id}`
  return { observer, client: connection.client, level: 'wire', node: connection.node, channel, policy, steps, live: on }
}

function appStream(stream: AppStream, { name }: Application, { plan }: World): Stream {
  const { observer, channel, steps, on, handle } = stream
  const rule = plan.channels.find((one) => one.names.includes(channel)) as ChannelPlan
  return {
    observer,
    client: name,
    level: 'application',
    channel,
    policy: strictest(stream, rule),
    steps,
    live: on && handle.state === 'live',
  }
}

/** Several subscriptions share an attachment, whose policy only the wire shows: any that can leave out may. */
function strictest({ policy }: AppStream, rule: ChannelPlan): Stream['policy'] {
  return policy ?? rule.policy
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
    possibleLoss: entry.fence?.loss === 'possible',
    generation: entry.generation,
    vanished: entry.vanished,
  }
}

function viewsOf({ streams, name }: Application): PresenceView[] {
  return streams
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
        .filter((one) => one.streams.some((stream) => stream.on && stream.channel === channel))
        .map((one) => one.name)
        .sort(),
    }))
}

function restlessOf({ name, client, streams }: Application): { observer: string; text: string }[] {
  const found = client.state === 'connected' ? [] : [{ observer: name, text: `the client is ${client.state}` }]
  for (const { on, handle, observer, channel } of streams) {
    if (on && handle.state !== 'live')
      found.push({ observer, text: `the subscription to ${channel} is ${handle.state} (${handle.error?.message})` })
  }
  return found
}
