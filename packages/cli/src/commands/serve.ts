// `tautline serve`: starts the server, tells where it is, and listens to signals. What it serves is in serve/.

import { Command, InvalidArgumentError, Option } from 'commander'
import { type Flag, type Loaded, loadConfig } from '../config/load.ts'
import { ConfigError } from '../config/problem.ts'
import { developmentCertificate } from '../serve/development-certificate.ts'
import { Log } from '../serve/log.ts'
import { rehearse } from '../serve/rehearse.ts'
import { type Addresses, StandaloneServer } from '../serve/server.ts'
import { checkDevelopment, type Mode, type Settings } from '../serve/settings.ts'
import { obeySignals } from '../serve/signals.ts'
import { CommandError, EXIT } from './exit.ts'

interface ServeOptions {
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

export function serveCommand(): Command {
  return new Command('serve')
    .description('runs a realtime server')
    .option('-c, --config <file>', 'the configuration (default: tautline.config.ts or .json of this folder)')
    .option('-p, --port <port>', 'the public port; 0 takes a free one', readPort)
    .option('--host <address>', 'the address to listen on')
    .option('--dev', 'for development: this machine only, everybody may do everything, a page to try it out')
    .option('--tls', 'with --dev: TLS with a certificate that is made on the first run')
    .option('--store <file>', 'keep the logs of channels in this SQLite file')
    .option('--monitoring-port <port>', '/health, /ready and /metrics on this port; 0 takes a free one', readPort)
    .addOption(
      new Option('--log-level <level>', 'what is written').choices(['debug', 'info', 'warn', 'error', 'silent']),
    )
    .addOption(
      new Option('--log-format <format>', 'one JSON line per event, or for reading').choices(['json', 'pretty']),
    )
    .addHelpText(
      'after',
      `
Flags win over environment variables, these over the file. Every setting has a variable:
admission.perUser is TAUTLINE_ADMISSION__PER_USER (docs/guides/serve.md lists them).

Signals: HUP reads the configuration again and drops nobody; TERM and INT stop gracefully, a second one at once.

Examples:
  $ tautline serve --dev                         try it out on http://localhost:8080
  $ tautline serve --dev --tls                   the same with https and wss
  $ tautline serve                               with ./tautline.config.ts or .json
  $ tautline serve -c deploy/realtime.json -p 0  another file, a free port
  $ TAUTLINE_LOG__LEVEL=debug tautline serve`,
    )
    .action(async (options: ServeOptions) => serve(options))
}

async function serve(options: ServeOptions): Promise<void> {
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
    return withDevelopmentCertificate(loaded, mode)
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
    ...(monitoring === null ? [] : [`Metrics         ${monitoring}/metrics`]),
    '',
    'Development: everybody who reaches it may do everything. Ctrl+C stops it.',
  ]
  process.stdout.write(`\n${lines.map((line) => (line === '' ? '' : `  ${line}`)).join('\n')}\n\n`)
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

function readPort(text: string): number {
  const value = Number(text)
  if (/^\d{1,5}$/.test(text) && value <= 65_535) return value
  throw new InvalidArgumentError('It must be a number from 0 to 65535.')
}
