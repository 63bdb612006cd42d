// The standalone server: opens what a configuration names, takes over another one while it runs, and stops without
// dropping anything that was promised.

import type { Server as HttpServer } from 'node:http'
import type { Broker } from '@tautline/broker'
import { createRealtime, type Realtime } from '@tautline/server'
import type { Backend } from '@tautline/server/backend'
import type { Tokens } from '@tautline/server/jwt'
import type { Loaded } from '../config/load.ts'
import { hooksOf, makeApi, makeBackend, makeTokens } from './access.ts'
import { type Certificate, CertificateWatch, facts, readCertificate } from './certificates.ts'
import { loadContract } from './contract.ts'
import { HttpSide } from './http.ts'
import type { Log } from './log.ts'
import { listenForMonitoring, Monitoring, type Phase, portOf } from './monitoring.ts'
import { developmentPage } from './page.ts'
import { rehearse } from './rehearse.ts'
import { changeOf, LIVE, letsSomebodyIn, type Mode, type Settings, settingsOf } from './settings.ts'
import { isStoreUp, openStore } from './store.ts'

/** Where a server can be reached. */
export interface Addresses {
  /** http(s)://host:port */
  readonly url: string
  readonly realtime: string
  readonly monitoring: string | null
}

export class StandaloneServer {
  private readonly mode: Mode
  private readonly log: Log
  private loaded: Loaded
  private settings: Settings
  private phase: Phase = 'starting'
  private readonly http: HttpSide
  private readonly monitoring: Monitoring
  private monitor: HttpServer | null = null
  private broker: Broker | null = null
  private realtime: Realtime | null = null
  private tokens: Tokens | null = null
  private backend: Backend | null = null
  private certificates: CertificateWatch | null = null

  /** @param settings what `rehearse` made of the configuration */
  constructor(loaded: Loaded, settings: Settings, mode: Mode, log: Log) {
    this.loaded = loaded
    this.settings = settings
    this.mode = mode
    this.log = log
    this.http = new HttpSide(log)
    this.monitoring = new Monitoring({
      phase: () => this.phase,
      isStoreUp: async () => this.broker !== null && isStoreUp(this.broker, this.realtime?.metrics() ?? []),
      samples: () => this.realtime?.metrics() ?? [],
    })
  }

  /** Opens everything. @throws Error when a port is taken or the store cannot be opened */
  async start(): Promise<Addresses> {
    const { settings, log } = this
    const { config } = this.loaded
    const { monitoring } = settings
    if (monitoring !== null && monitoring !== 'public') {
      this.monitor = await listenForMonitoring(this.monitoring, monitoring.port, monitoring.host)
    }
    this.broker = await openStore(settings.store, log)
    const contract = settings.contract === null ? {} : { contract: await loadContract(settings.contract) }
    const realtime: Realtime = createRealtime({
      ...settings.realtime,
      ...contract,
      broker: this.broker,
      log: (event, fields) => log.peer(event, fields),
    })
    this.realtime = realtime
    await this.use(await makeTokens(config, log), await makeBackend(config, log))
    await this.serveHttp()
    const tls = settings.tls === null ? null : readCertificate(settings.tls)
    const { host, port } = settings
    const open = await realtime.listen({
      port,
      ...(host === undefined ? null : { host }),
      ...(tls === null ? null : { tls: { ...tls, minVersion: settings.tls?.minVersion ?? 'TLSv1.2' } }),
      http: this.http.server,
    })
    if (tls !== null) this.watchCertificate(tls)
    if (!letsSomebodyIn(config, this.mode)) {
      log.warn('nobody is let in', {
        hint: "no rule says 'everyone', and neither jwt nor backend says who a client is",
      })
    }
    this.phase = 'ready'
    return this.addresses(open)
  }

  /**
   * Takes over another configuration. Nobody is dropped; what cannot change while it runs stays, and is named.
   *
   * @throws ConfigError, and nothing has changed
   */
  async reload(loaded: Loaded): Promise<void> {
    const { realtime, log } = this
    if (realtime === null || this.phase !== 'ready') return
    const settings = await rehearse(loaded, this.mode)
    const { config } = loaded
    const stays = this.staysOf(loaded)
    log.hide([...this.loaded.secrets, ...loaded.secrets])
    realtime.update(changeOf(settings))
    // Hooks cannot be taken back; others of the same kind replace them.
    if (hooksOf(this.loaded.config) === hooksOf(config)) {
      await this.use(await makeTokens(config, log), await makeBackend(config, log))
    }
    this.loaded = loaded
    this.settings = {
      ...this.settings,
      log: { ...settings.log, format: this.settings.log.format },
      stop: settings.stop,
      tls: this.settings.tls === null ? null : (settings.tls ?? this.settings.tls),
    }
    log.level = settings.log.level
    await this.serveHttp()
    if (this.settings.tls !== null) this.watchCertificate(readCertificate(this.settings.tls), 'reload')
    log.info('configuration taken over', { file: loaded.name ?? 'none' })
    if (stays.length > 0) log.warn('needs a restart', { settings: stays.join(', ') })
  }

  /** Says goodbye to everybody, stores what is confirmed, and closes everything. */
  async stop(): Promise<void> {
    const wasReady = this.phase === 'ready'
    this.phase = 'draining'
    this.certificates?.stop()
    if (wasReady && this.settings.stop.delay > 0) {
      await new Promise((resolve) => setTimeout(resolve, this.settings.stop.delay))
    }
    const closed = this.realtime?.close()
    this.http.stop()
    await closed
    this.tokens?.close()
    await this.backend?.close()
    await this.broker?.close()
    this.http.cut()
    await new Promise<void>((resolve) => (this.monitor === null ? resolve() : this.monitor.close(() => resolve())))
  }

  get timeout(): number {
    return this.settings.stop.timeout + this.settings.stop.delay
  }

  private async use(tokens: Tokens | null, backend: Backend | null): Promise<void> {
    const [formerTokens, formerBackend] = [this.tokens, this.backend]
    this.tokens = tokens
    this.backend = backend
    if (tokens !== null) this.realtime?.onConnect(tokens.connect).onToken(tokens.channel)
    if (this.realtime !== null) backend?.install(this.realtime)
    formerTokens?.close()
    // What it was asked is still answered.
    void Promise.resolve(formerBackend?.close()).catch(() => undefined)
  }

  private async serveHttp(): Promise<void> {
    const { realtime, settings, mode, log } = this
    const api = realtime === null ? null : await makeApi(this.loaded.config, realtime, log)
    const path = settings.realtime.path ?? '/realtime'
    const isOpen = mode.dev && this.loaded.config.dev?.exposed !== true
    this.http.serve({
      path,
      api,
      page: mode.dev
        ? developmentPage({
            path,
            api: this.loaded.config.api === undefined ? null : (this.loaded.config.api.basePath ?? '/api/v1'),
          })
        : null,
      monitoring: settings.monitoring === 'public' ? this.monitoring : null,
      loopbackOnly: isOpen,
    })
  }

  /** What is different and stays as it was. */
  private staysOf(loaded: Loaded): readonly string[] {
    const [before, after] = [this.loaded.config, loaded.config]
    const names = new Set([...Object.keys(before), ...Object.keys(after)] as (keyof typeof before)[])
    const stays = [...names].filter((name) => !LIVE.includes(name) && !same(before[name], after[name]))
    if (hooksOf(before) !== hooksOf(after)) stays.push('jwt', 'backend')
    if ((before.tls === undefined) !== (after.tls === undefined)) stays.push('tls')
    if (this.settings.log.format !== settingsOf(after, this.mode, loaded.folder).log.format) stays.push('log')
    return [...new Set(stays)].filter((name) => name !== '$schema')
  }

  private watchCertificate(inUse: Certificate, how: 'start' | 'reload' = 'start'): void {
    const { tls } = this.settings
    if (tls === null) return
    if (how === 'reload') this.reloadTls(inUse)
    this.certificates?.stop()
    this.certificates = new CertificateWatch(tls, inUse, (certificate) => this.reloadTls(certificate), this.log)
    this.log.info('certificate in use', facts(inUse))
  }

  private reloadTls(certificate: Certificate): void {
    this.realtime?.reloadTls({ ...certificate, minVersion: this.settings.tls?.minVersion ?? 'TLSv1.2' })
  }

  private addresses(port: number): Addresses {
    const { host, tls, realtime } = this.settings
    const name = `${nameOf(host)}:${port}`
    const monitoring = this.settings.monitoring
    const own = this.monitor === null || monitoring === 'public' || monitoring === null ? null : monitoring
    return {
      url: `http${tls === null ? '' : 's'}://${name}`,
      realtime: `ws${tls === null ? '' : 's'}://${name}${realtime.path ?? '/realtime'}`,
      monitoring: own === null || this.monitor === null ? null : `http://${nameOf(own.host)}:${portOf(this.monitor)}`,
    }
  }
}

/** An address as a URL writes it. */
function nameOf(host: string | undefined): string {
  if (host === undefined || host === '0.0.0.0' || host === '::') return 'localhost'
  return host.includes(':') ? `[${host}]` : host
}

function same(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) === JSON.stringify(b)
}
