// What a server counts, by the names under which Prometheus knows them. Numbers only: no label ever holds what a peer
// said. Who writes them out (the command line, an application) reads `snapshot`.

/** One thing that is counted or measured. */
export interface MetricShape {
  readonly type: 'counter' | 'gauge'
  readonly help: string
  /** The label that tells its series apart; its values come from tables of ours. */
  readonly label?: string
}

export type MetricName =
  | 'tautline_connections'
  | 'tautline_users'
  | 'tautline_channels'
  | 'tautline_waiting_bytes'
  | 'tautline_store_up'
  | 'tautline_connects_total'
  | 'tautline_disconnects_total'
  | 'tautline_commands_total'
  | 'tautline_errors_total'
  | 'tautline_publications_total'
  | 'tautline_deliveries_total'
  | 'tautline_refused_total'
  | 'tautline_limited_total'
  | 'tautline_revocations_total'
  | 'tautline_received_bytes_total'
  | 'tautline_shared_members'
  | 'tautline_shared_units_total'
  | 'tautline_shared_resets_total'
  | 'tautline_shared_bytes_total'
  | 'tautline_shared_plain_bytes_total'
  | 'tautline_hooks_total'
  | 'tautline_hooks_pending'
  | 'tautline_api_requests_total'

/** All metrics. Names follow Prometheus: base units, `_total` for counters. */
export const METRICS: Readonly<Record<MetricName, MetricShape>> = Object.freeze({
  tautline_connections: { type: 'gauge', help: 'Open connections.' },
  tautline_users: { type: 'gauge', help: 'Users with an open connection.' },
  tautline_channels: { type: 'gauge', help: 'Channels that somebody hears.' },
  tautline_waiting_bytes: { type: 'gauge', help: 'Bytes of publications that wait for the store.' },
  tautline_store_up: { type: 'gauge', help: '1 while the store answers.' },
  tautline_connects_total: { type: 'counter', help: 'Connects by outcome.', label: 'outcome' },
  tautline_disconnects_total: { type: 'counter', help: 'Connections that ended, by close code.', label: 'code' },
  tautline_commands_total: { type: 'counter', help: 'Commands that clients sent.', label: 'op' },
  tautline_errors_total: { type: 'counter', help: 'Commands that were refused.', label: 'code' },
  tautline_publications_total: { type: 'counter', help: 'Publications that were stored or cast.' },
  tautline_deliveries_total: { type: 'counter', help: 'Publications that were given to a subscriber.' },
  tautline_refused_total: { type: 'counter', help: 'Handshakes that were refused.', label: 'reason' },
  tautline_limited_total: { type: 'counter', help: 'Times that a limit held somebody back.', label: 'limit' },
  tautline_revocations_total: { type: 'counter', help: 'Connections whose tokens were revoked.' },
  tautline_received_bytes_total: { type: 'counter', help: 'Bytes of frames that clients sent.' },
  tautline_shared_members: { type: 'gauge', help: 'Connections that follow a stream of shared compression.' },
  tautline_shared_units_total: { type: 'counter', help: 'Frames of streams of shared compression.' },
  tautline_shared_resets_total: { type: 'counter', help: 'Those of them with which a stream began anew.' },
  tautline_shared_bytes_total: { type: 'counter', help: 'Bytes that connections were sent as such frames.' },
  tautline_shared_plain_bytes_total: { type: 'counter', help: 'What these bytes would be without compression.' },
  tautline_hooks_total: {
    type: 'counter',
    help: 'Questions to the backend, by what became of them.',
    label: 'outcome',
  },
  tautline_hooks_pending: { type: 'gauge', help: 'Questions that the backend has not answered yet.' },
  tautline_api_requests_total: {
    type: 'counter',
    help: 'Requests to the HTTP API, by what became of them.',
    label: 'outcome',
  },
})

/** One value, as it was when it was asked for. */
export interface Sample {
  readonly name: MetricName
  readonly labels: Readonly<Record<string, string>>
  readonly value: number
}

/** Values of a label are few; more than this is a mistake of ours, and is counted as 'other'. */
const MOST_SERIES = 256

/** One series, for paths on which looking it up would cost. */
export interface Counter {
  value: number
}

/** The counters of one node. Gauges are read when somebody asks. */
export class Metrics {
  private readonly counters: Map<MetricName, Map<string, Counter>> = new Map()
  private readonly gauges: Map<MetricName, () => number> = new Map()

  /** @param series the value of the metric's label, from a table of ours */
  counter(name: MetricName, series = ''): Counter {
    let its = this.counters.get(name)
    if (its === undefined) {
      its = new Map()
      this.counters.set(name, its)
    }
    const known = its.get(series)
    if (known !== undefined) return known
    if (its.size >= MOST_SERIES && series !== 'other') return this.counter(name, 'other')
    const counter = { value: 0 }
    its.set(series, counter)
    return counter
  }

  /** @param series the value of the metric's label, from a table of ours */
  count(name: MetricName, by = 1, series = ''): void {
    this.counter(name, series).value += by
  }

  /** What is counted elsewhere, and read when somebody asks. */
  gauge(name: MetricName, read: () => number): void {
    this.gauges.set(name, read)
  }

  snapshot(): readonly Sample[] {
    const samples: Sample[] = []
    for (const name of Object.keys(METRICS) as MetricName[]) {
      const shape = METRICS[name]
      const read = this.gauges.get(name)
      if (read !== undefined) samples.push({ name, labels: {}, value: read() })
      const its = this.counters.get(name)
      for (const [series, { value }] of its ?? []) {
        samples.push({ name, labels: shape.label === undefined ? {} : { [shape.label]: series }, value })
      }
      // A counter without a label is there from the start.
      if (shape.type === 'counter' && shape.label === undefined && its === undefined && read === undefined)
        samples.push({ name, labels: {}, value: 0 })
    }
    return samples
  }
}
