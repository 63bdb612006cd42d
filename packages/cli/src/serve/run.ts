// Runs a server from the command line: reads the configuration, starts it, tells where it is, and listens to signals.

import { CommandError, EXIT } from '../commands/exit.ts'
import { type Flag, type Loaded, loadConfig } from '../config/load.ts'
import { ConfigError } from '../config/problem.ts'
import { developmentCertificate } from './development-certificate.ts'
import { developmentKey, KEY_FILE } from './development-key.ts'
import { Log } from './log.ts'
import { rehearse } from './rehearse.ts'
import { type Addresses, StandaloneServer } from './server.ts'
import { checkDevelopment, type Mode, type Settings } from './settings.ts'
import { obeySignals } from './signals.ts'

export interface ServeOptions {
  readonly config?: string
  readonly port?: number
  readonly host?: string
  readonly dev?: boolean
  readonly tls?: boolean
  readonly store?: string
  readonly monitoringPort?: number
  readonly logLevel?: string
  readonly logFormat?: string
}

/** @throws ConfigError, CommandError: it did not start */
export async function serve(options: ServeOptions): Promise<void> {
  // Until somebody obeys it, the signal would end the process.
  process.on('SIGHUP', () => {})
  const folder = process.cwd()
  const mode: Mode = { dev: options.dev === true, ownCertificate: options.tls === true, environment: process.env }
  if (options.tls === true && !mode.dev) {
    throw new CommandError(
      '--tls is for --dev. Otherwise name the certificate: tls: { cert, key } in the configuration.',
      EXIT.wrong,
    )
  }
  const flags = flagsOf(options)
  const load = async (): Promise<Loaded> => {
    const loaded = await loadConfig({ file: options.config, folder, environment: process.env, flags })
    if (!mode.dev) return loaded
    const problems = checkDevelopment(loaded.config, mode).map(loaded.problemOf)
    if (problems.length > 0) throw new ConfigError(problems)
    return withDevelopmentKey(await withDevelopmentCertificate(loaded, mode))
  }
  const loaded = await load()
  checkThereIsSomething(loaded, mode)
  const settings = await rehearse(loaded, mode)
  const log = new Log(settings.log)
  log.hide(loaded.secrets)
  const server = new StandaloneServer(loaded, settings, mode, log)
  obeySignals(server, load, log)
  let addresses: Addresses
  try {
    addresses = await server.start()
  } catch (error) {
    log.close()
    await server.stop().catch(() => undefined)
    throw new CommandError(explain(error, settings))
  }
  announce(addresses, settings, mode, loaded, log)
}

function flagsOf(options: ServeOptions): readonly Flag[] {
  const { port, host, store, monitoringPort, logLevel, logFormat } = options
  const all: readonly Flag[] = [
    { flag: '--port', path: ['port'], value: port },
    { flag: '--host', path: ['host'], value: host },
    { flag: '--store', path: ['store', 'type'], value: store === undefined ? undefined : 'sqlite' },
    { flag: '--store', path: ['store', 'file'], value: store },
    { flag: '--monitoring-port', path: ['monitoring', 'port'], value: monitoringPort },
    { flag: '--log-level', path: ['log', 'level'], value: logLevel },
    { flag: '--log-format', path: ['log', 'format'], value: logFormat },
  ]
  return all.filter(({ value }) => value !== undefined)
}

async function withDevelopmentCertificate(loaded: Loaded, mode: Mode): Promise<Loaded> {
  if (!mode.ownCertificate || loaded.config.tls !== undefined) return loaded
  const { cert, key } = await developmentCertificate(process.cwd())
  return { ...loaded, config: { ...loaded.config, tls: { cert, key } } }
}

/** Backends are tried out, too: the HTTP API is open to whoever can read a file of ours. */
function withDevelopmentKey(loaded: Loaded): Loaded {
  if (loaded.config.api !== undefined) return loaded
  const secret = developmentKey(process.cwd())
  const api = { keys: [{ name: 'dev', secret, scopes: ['*' as const] }] }
  return { ...loaded, config: { ...loaded.config, api }, secrets: [...loaded.secrets, secret] }
}

function checkThereIsSomething({ file, config }: Loaded, { dev }: Mode): void {
  if (dev || file !== null || Object.keys(config).some((key) => !['port', 'host', 'log', 'monitoring'].includes(key)))
    return
  throw new CommandError(
    `There is no tautline.config.ts or .json here, and without one nobody may do anything.

  tautline serve --dev      try it out: this machine only, everybody may do everything
  tautline config init      write a first configuration`,
    EXIT.wrong,
  )
}

function announce(addresses: Addresses, settings: Settings, mode: Mode, loaded: Loaded, log: Log): void {
  const { url, realtime, monitoring } = addresses
  log.info('listening', {
    url,
    realtime,
    ...(monitoring === null ? null : { monitoring }),
    store: settings.store?.file ?? 'memory',
    config: loaded.name ?? 'none',
    ...(mode.dev ? { dev: true } : null),
    pid: process.pid,
  })
  if (!mode.dev || settings.log.format !== 'pretty') return
  const lines = [
    `Try it out      ${url.replace('127.0.0.1', 'localhost')}/`,
    `Clients         ${realtime.replace('127.0.0.1', 'localhost')}`,
    `HTTP API        ${url.replace('127.0.0.1', 'localhost')}${loaded.config.api?.basePath ?? '/api/v1'}/docs`,
    ...(hasOwnKey(loaded) ? [`  its key is in ${KEY_FILE}`] : []),
    ...(monitoring === null ? [] : [`Metrics         ${monitoring}/metrics`]),
    '',
    'Development: everybody who reaches it may do everything. Ctrl+C stops it.',
  ]
  process.stdout.write(`\n${lines.map((line) => (line === '' ? '' : `  ${line}`)).join('\n')}\n\n`)
}

function hasOwnKey({ config }: Loaded): boolean {
  return config.api?.keys[0]?.name === 'dev'
}

function explain(error: unknown, { port, host, monitoring }: Settings): string {
  const { code, message, port: taken } = error as Error & { code?: string; port?: number }
  const isMonitoring =
    typeof monitoring === 'object' && monitoring !== null && taken === monitoring.port && taken !== port
  const [which, flag] = isMonitoring ? ['monitoring port', '--monitoring-port'] : ['port', '--port']
  if (code === 'EADDRINUSE')
    return `The ${which} ${taken ?? port} is taken by another program: choose another one, as in ${flag} 0.`
  if (code === 'EACCES') return `The ${which} ${taken ?? port} needs special rights: choose one from 1024 up.`
  if (code === 'EADDRNOTAVAIL' || code === 'ENOTFOUND') return `${host ?? 'The host'} is no address of this machine.`
  return `The server could not start: ${message}`
}
