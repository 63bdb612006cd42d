// What a server lets in, and when it stops.

/** Who gets in, and how fast. Every limit has a default, a metric and an answer that says when to come back. */
export interface AdmissionOptions {
  /** Open connections of this node. More are answered 503. Default 18,000: files per process end at 20,000 on many systems. */
  readonly connections?: number
  /** Open connections of one user on this node. One more is refused with 4403. Default 100. */
  readonly perUser?: number
  /** Open connections from one address (an IPv6 /64 counts as one). More are answered 429. Default 1,000. */
  readonly perAddress?: number
  /** Handshakes a second that are begun, of all clients; more are answered 503. Default 2,000. */
  readonly acceptRate?: number
  /** Handshakes and connects from one address that may fail within a minute, before it is answered 429. Default 100. */
  readonly failures?: number
  /** Messages a second of one connection. Over it commands are refused with `rate`; whoever goes on is closed with 1008. Default 1,000. */
  readonly messageRate?: number
  /** Bytes a second that are read from one connection; over it the network holds the client back. Default 4 MiB. */
  readonly byteRate?: number
  /** Bytes that wait for one connection that does not read, over which it is ended (4002). Default 16 MiB. */
  readonly outboxBytes?: number
  /** ms for which the oldest of these bytes may wait. Default 30,000. */
  readonly outboxAge?: number
  /** ms until a handshake is whole, and again until `connect` is answered. Default 10,000. */
  readonly handshakeTimeout?: number
  /** Bytes of resident memory over which nobody new is let in (503). Default: 80 % of what the process may have. */
  readonly memory?: number
  /** ms the event loop may lag (p99 of a second) before nobody new is let in (503). Default 200. */
  readonly lag?: number
  /**
   * Proxies whose `Forwarded` or `X-Forwarded-For` is believed, as addresses or networks (`10.0.0.0/8`). Default: none, the
   * address is the peer's.
   */
  readonly trustedProxies?: readonly string[]
  /** Connections from these addresses begin with a PROXY protocol header (v1 or v2); `listen` only. Default: none. */
  readonly proxyProtocol?: readonly string[]
}
