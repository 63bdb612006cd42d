// Which pages may open a chat connection. Browsers let any page connect to any WebSocket server and only tell it the
// page's origin: the server has to look (RFC 6455 §10.2). It never decides about programs, which send what they like.

const LOOPBACK = new Set(['localhost', '127.0.0.1', '[::1]'])

export interface OriginPolicy {
  /** The server listens on this machine only. */
  readonly loopbackOnly: boolean
  /** Further origins, as `https://chat.example.com`. */
  readonly allowed: readonly string[]
}

export function isLoopback(hostname: string): boolean {
  return LOOPBACK.has(hostname) || hostname === '::1'
}

/**
 * True for a page of our own origin, for a page on localhost (the development server on its other port), for the
 * origins allowed by name, and for programs that send no Origin header: they act for nobody but themselves.
 * The scheme is not compared: behind a proxy that ends TLS we see http where the page sees https.
 */
export function isAllowedOrigin(origin: string | undefined, host: string | undefined, policy: OriginPolicy): boolean {
  if (origin === undefined) return true
  if (policy.allowed.includes(origin)) return true
  // 'null' (a sandboxed frame, a file) and anything that is not an origin at all.
  if (!URL.canParse(origin)) return false
  const page = new URL(origin)
  if (page.protocol !== 'http:' && page.protocol !== 'https:') return false
  if (isLoopback(page.hostname)) return true
  if (host === undefined || page.host !== host.toLowerCase()) return false
  // DNS rebinding: a hostile name that suddenly resolves to 127.0.0.1 is "the same origin" as we are. A server that
  // only this machine can reach therefore answers to this machine's own names alone.
  return !policy.loopbackOnly
}
