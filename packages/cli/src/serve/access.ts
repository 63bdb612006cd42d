// Who decides about clients and callers: tokens, a backend, the HTTP API. Each part is loaded when it is configured.

import type { Realtime } from '@tautline/server'
import type { Backend } from '@tautline/server/backend'
import type { Tokens } from '@tautline/server/jwt'
import type { Hono } from 'hono'
import type { Config } from '../config/schema.ts'
import type { Log } from './log.ts'

/** null: not configured. */
export interface Access {
  readonly tokens: Tokens | null
  readonly backend: Backend | null
}

/** @throws SettingError, whose path is one of `jwt` or `backend`: see `under` */
export async function makeTokens(config: Config, log: Log): Promise<Tokens | null> {
  if (config.jwt === undefined) return null
  const { jwt } = await import('@tautline/server/jwt')
  return jwt({ ...(config.jwt as Parameters<typeof jwt>[0]), log: log.peer })
}

export async function makeBackend(config: Config, log: Log): Promise<Backend | null> {
  if (config.backend === undefined) return null
  const { backend } = await import('@tautline/server/backend')
  return backend({ ...(config.backend as Parameters<typeof backend>[0]), log: log.peer })
}

export async function makeApi(config: Config, realtime: Realtime, log: Log): Promise<Hono | null> {
  if (config.api === undefined) return null
  const { createApi } = await import('@tautline/api')
  const { origins } = config
  const listed = Array.isArray(origins) ? { origins } : {}
  return createApi(realtime, { ...listed, ...(config.api as Parameters<typeof createApi>[1]), log: log.peer })
}

/** Which hooks a configuration sets: they cannot be taken back from a running server. */
export function hooksOf(config: Config): string {
  const events = Object.entries(config.backend?.events ?? {})
    .filter(([, where]) => where !== undefined && where !== false)
    .map(([event]) => event)
  return [config.jwt === undefined ? 'no tokens' : 'tokens', ...events.sort()].join(' ')
}
