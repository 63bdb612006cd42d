// Tries a configuration without starting anything: every part is made and thrown away. What the parts refuse is told as
// if the schema had said it, with its place.

import { existsSync } from 'node:fs'
import { dirname } from 'node:path'
import { createRealtime, SettingError } from '@tautline/server'
import type { Finding } from '../config/judge.ts'
import type { Loaded } from '../config/load.ts'
import { ConfigError, type Path } from '../config/problem.ts'
import { makeApi, makeBackend, makeTokens } from './access.ts'
import { readCertificate } from './certificates.ts'
import { loadContract } from './contract.ts'
import { Log } from './log.ts'
import { type Mode, type Settings, settingsOf } from './settings.ts'

const PLAIN: Mode = { dev: false, ownCertificate: false, environment: {} }

/** @throws ConfigError with all that the parts refuse */
export async function rehearse(loaded: Loaded, mode: Mode = PLAIN): Promise<Settings> {
  const { config, folder } = loaded
  const settings = settingsOf(config, mode, folder)
  const silent = new Log({ level: 'silent', format: 'json' })
  const findings: Finding[] = []
  const attempt = async (under: Path, make: () => unknown): Promise<void> => {
    try {
      await make()
    } catch (error) {
      findings.push(findingOf(error, under))
    }
  }
  await attempt([], async () => {
    const realtime = createRealtime(settings.realtime)
    await attempt(['api'], () => makeApi(config, realtime, silent))
    await realtime.close()
  })
  await attempt(['jwt'], async () => (await makeTokens(config, silent))?.close())
  await attempt(['backend'], async () => (await makeBackend(config, silent))?.close())
  await attempt(['tls'], () => settings.tls !== null && readCertificate(settings.tls))
  await attempt(['contract'], () => settings.contract !== null && loadContract(settings.contract))
  if (settings.store !== null && !existsSync(dirname(settings.store.file))) {
    findings.push({
      path: ['store', 'file'],
      at: 'value',
      text: `is in a folder that is not there: ${dirname(settings.store.file)}`,
    })
  }
  if (findings.length > 0) throw new ConfigError(findings.map(loaded.problemOf))
  return settings
}

function findingOf(error: unknown, under: Path): Finding {
  const { message, path } = error as Error & { path?: unknown }
  if (!(error instanceof SettingError) || typeof path !== 'string') return { path: under, at: 'value', text: message }
  const steps = stepsOf(path)
  return { path: steps === null ? under : [...under, ...steps], at: 'value', text: message.slice(path.length).trim() }
}

/** `channels['chat:*'].history.ttl` as a path; null: it names a function, as `jwt()` does. */
function stepsOf(path: string): Path | null {
  if (path.includes('(')) return null
  const steps = path.matchAll(/\[(\d+)\]|\['((?:[^'\\]|\\.)*)'\]|([^.[\]]+)/g)
  return [...steps].map(([, index, quoted, name]) => (index !== undefined ? Number(index) : (quoted ?? name ?? '')))
}
