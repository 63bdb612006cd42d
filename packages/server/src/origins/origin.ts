// Origins as browsers write them (RFC 6454 §6.2), read strictly. It never repairs what it does not understand: that is no
// origin, and nobody's page.

/** Longer is no origin: a host name has 253 characters at most. */
const LONGEST = 300
/** Scheme, host, port: no userinfo, no path, no blank, no second value behind a comma. */
const ORIGIN = /^([a-z][a-z0-9+.-]*):\/\/([a-z0-9._~-]+|\[[0-9a-f:.]+\])(?::([0-9]{1,5}))?$/i
const ADDRESS = /^(?:\[[0-9a-f:.]+\]|[0-9]{1,3}(?:\.[0-9]{1,3}){3})$/
const DEFAULT_PORTS: ReadonlyMap<string, string> = new Map([
  ['http', '80'],
  ['https', '443'],
])

/** One origin, in the one spelling that is compared: lower case, without the scheme's own port. */
export interface Origin {
  /** `https://app.example.com`, `http://localhost:3000` */
  readonly text: string
  readonly scheme: string
  /** Name or address, without the port. */
  readonly host: string
  /** Host and port, as a Host header has them. */
  readonly authority: string
}

/** RFC 6454 §4: scheme and host without case, the default port left out. null: this is not one origin. */
export function readOrigin(text: string): Origin | null {
  if (text.length > LONGEST) return null
  // ASCII first: some letters beyond it become ASCII in lower case.
  if (!ORIGIN.test(text)) return null
  const [, scheme = '', host = '', given] = ORIGIN.exec(text.toLowerCase()) ?? []
  const port = given === undefined || given === DEFAULT_PORTS.get(scheme) ? '' : `:${given}`
  return { text: `${scheme}://${host}${port}`, scheme, host, authority: `${host}${port}` }
}

/**
 * Is it a name that only this machine gives itself, or an address? No name server is asked for either, so that nobody can
 * make it mean another machine tomorrow. RFC 6761 §6.3: browsers resolve `localhost` and names below it themselves.
 */
export function isOwnName(host: string): boolean {
  return host === 'localhost' || host.endsWith('.localhost') || ADDRESS.test(host)
}

/** Was this request sent to the host that the page came from? */
export function isHostOf(origin: Origin, host: string | null | undefined): boolean {
  if (host === null || host === undefined) return false
  const port = DEFAULT_PORTS.get(origin.scheme)
  const plain = host.toLowerCase()
  return (
    origin.authority === (port !== undefined && plain.endsWith(`:${port}`) ? plain.slice(0, -port.length - 1) : plain)
  )
}
