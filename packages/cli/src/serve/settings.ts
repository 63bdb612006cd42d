// What a configuration means for the server: defaults filled in, and what `--dev` changes. Pure: it opens nothing.

import { isIP } from 'node:net'
import { resolve } from 'node:path'
import type { RealtimeOptions } from '@tautline/server'
import type { Finding } from '../config/judge.ts'
import { milliseconds } from '../config/pieces.ts'
import type { Config } from '../config/schema.ts'
import type { CertificateFiles } from './certificates.ts'
import type { LogOptions } from './log.ts'

export interface Mode {
  readonly dev: boolean
  /** `--dev --tls` without a certificate of one's own. */
  readonly ownCertificate: boolean
  readonly environment: Readonly<Record<string, string | undefined>>
}

/** A configuration with everything decided. */
export interface Settings {
  readonly port: number
  /** undefined: all addresses. */
  readonly host: string | undefined
  readonly tls: (CertificateFiles & { readonly minVersion: 'TLSv1.2' | 'TLSv1.3' }) | null
  readonly store: { readonly file: string; readonly durability: 'fsync' | 'process' } | null
  /** Without broker, contract and log. */
  readonly realtime: RealtimeOptions
  readonly contract: string | null
  /** null: none. 'public': on the public port. */
  readonly monitoring: { readonly port: number; readonly host: string } | 'public' | null
  readonly log: Pick<LogOptions, 'level' | 'format'>
  readonly stop: { readonly timeout: number; readonly delay: number }
}

/** Settings that a running server takes over; for all others it has to be started again. */
export const LIVE: readonly (keyof Config)[] = [
  'channels',
  'allow',
  'origins',
  'admission',
  'jwt',
  'backend',
  'api',
  'log',
  'stop',
  'tls',
]

/** @param folder what paths are relative to */
export function settingsOf(config: Config, { dev }: Mode, folder: string): Settings {
  const { tls, store, monitoring, log = {}, stop = {} } = config
  return {
    port: config.port ?? 8080,
    host: config.host ?? (dev ? '127.0.0.1' : undefined),
    tls:
      tls === undefined
        ? null
        : {
            cert: resolve(folder, tls.cert),
            key: resolve(folder, tls.key),
            passphrase: tls.passphrase as string | undefined,
            minVersion: tls.minVersion ?? 'TLSv1.2',
          },
    store:
      store?.type === 'sqlite'
        ? { file: resolve(folder, store.file ?? ''), durability: store.durability ?? 'fsync' }
        : null,
    realtime: realtimeOptions(config, dev),
    contract: config.contract === undefined ? null : resolve(folder, config.contract),
    monitoring:
      monitoring === false
        ? null
        : monitoring?.public === true
          ? 'public'
          : { port: monitoring?.port ?? (dev ? 0 : 9090), host: monitoring?.host ?? '127.0.0.1' },
    log: { level: log.level ?? (dev ? 'debug' : 'info'), format: log.format ?? (dev ? 'pretty' : 'json') },
    stop: { timeout: milliseconds(stop.timeout ?? 10_000), delay: milliseconds(stop.delay ?? 0) },
  }
}

/** The options of createRealtime that are data. */
function realtimeOptions(config: Config, dev: boolean): RealtimeOptions {
  const { path, channels, limits, heartbeat, compression, window, node, cookies, admission } = config
  const allow = config.allow ?? (dev ? 'everyone' : undefined)
  const origins = config.origins ?? (dev ? ofThisMachine : undefined)
  // Where nothing is said, there is something to see in development.
  const rules = channels ?? (dev ? { '**': { presence: true } } : undefined)
  const given = {
    path,
    channels: rules,
    limits,
    heartbeat,
    compression,
    window,
    node,
    cookies,
    admission,
    allow,
    origins,
  }
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)) as RealtimeOptions
}

/** What live settings `realtime.update` takes, all of them: what is left out now has its default again. */
export function changeOf(settings: Settings): Pick<RealtimeOptions, 'channels' | 'allow' | 'origins' | 'admission'> {
  const { channels, allow, origins, admission } = settings.realtime
  return { channels, allow, origins, admission } as Pick<
    RealtimeOptions,
    'channels' | 'allow' | 'origins' | 'admission'
  >
}

/** Pages of this machine, by names that only it has: an address that some name points at (DNS rebinding) is none of them. */
export function isOfThisMachine(origin: string | undefined): boolean {
  if (origin === undefined) return true
  const url = URL.parse(origin)
  return url !== null && url.origin === origin && isLoopbackName(url.hostname)
}

/** The option `origins` where nothing else is said in development. */
function ofThisMachine(origin: string | undefined): true | { status: number; reason: string; text: string } {
  if (isOfThisMachine(origin)) return true
  const text = `Pages of ${origin} may not connect: without "origins" in the configuration, --dev is for pages of localhost.`
  return { status: 403, reason: 'origin', text }
}

/** Is it a name of this machine that nobody else can give it? */
export function isLoopbackName(hostname: string): boolean {
  const name = hostname.replace(/^\[|\]$/g, '').toLowerCase()
  return name === 'localhost' || name.endsWith('.localhost') || isLoopback(name)
}

export function isLoopback(address: string): boolean {
  return (isIP(address) === 4 && address.startsWith('127.')) || address === '::1'
}

/** What must be so before `--dev` starts: nobody but this machine reaches it. */
export function checkDevelopment(config: Config, { environment }: Mode): readonly Finding[] {
  const found: Finding[] = []
  if (environment['NODE_ENV'] === 'production') {
    found.push({
      path: [],
      at: 'value',
      text: '--dev lets everybody do everything: it does not run with NODE_ENV=production',
    })
  }
  const { host } = config
  if (host !== undefined && config.dev?.exposed !== true && !isLoopbackName(host)) {
    found.push({
      path: ['host'],
      at: 'value',
      text: `is '${host}', which others reach, and with --dev they may do everything: leave it out, or write dev: { exposed: true }`,
    })
  }
  return found
}

/** Is there anybody who would be let in? */
export function letsSomebodyIn(config: Config, { dev }: Mode): boolean {
  if (dev || config.jwt !== undefined) return true
  const connect = config.backend?.events.connect
  if (connect !== undefined && connect !== false) return true
  return JSON.stringify([config.allow, config.channels]).includes('"everyone"')
}
