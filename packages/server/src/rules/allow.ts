// Who may do what with a channel: how a configuration says it, and how it is read. Whether somebody fulfils it is decided
// in access/.

import type { Json } from '@tautline/wire'
import { ACTIONS, type Action } from '../options.ts'
import { readObject, readWord, SettingError, shown } from './settings.ts'

export type AllowOne = 'everyone' | 'users' | 'rights' | 'token' | { readonly claims: Readonly<Record<string, Json>> }

/**
 * Who may: 'everyone', also clients that are nobody; 'users', whoever has a user id; 'rights', whose grant has a right for
 * it; 'token', who brings a token for the channel; `{ claims }`, whose claims are equal to all that are named (a list: one
 * of them; a claim that is a list: it holds it); 'nobody', whatever a hook says. Of a list, one is enough.
 */
export type Allow = AllowOne | 'nobody' | readonly AllowOne[]

/** One for all actions, or one for each; an action that is left out has the server's default. */
export type AllowByAction = Allow | { readonly [action in Action]?: Allow }

/** An `allow` in force: any of these; an empty list is 'nobody'. */
export type Requirement = readonly AllowOne[]

export type Requirements = { readonly [action in Action]: Requirement }

const WORDS = ['everyone', 'users', 'rights', 'token', 'nobody'] as const

/** Only who was given a right. */
export const DEFAULT_ALLOW: Requirement = Object.freeze(['rights', 'token'] as const)

/** @throws SettingError */
export function readAllow(path: string, value: unknown): Requirement {
  if (Array.isArray(value)) {
    if (value.length === 0) throw new SettingError(path, `is empty: write 'nobody'`)
    return Object.freeze(value.map((one: unknown, i) => readOne(`${path}[${i}]`, one, true)))
  }
  if (value === 'nobody') return Object.freeze([])
  return Object.freeze([readOne(path, value, false)])
}

/** @throws SettingError */
export function readAllowByAction(path: string, value: unknown, fallback: Requirement): Requirements {
  if (value === undefined) return forEach(() => fallback)
  const isByAction = typeof value === 'object' && value !== null && !Array.isArray(value) && !('claims' in value)
  if (!isByAction) {
    const same = readAllow(path, value)
    return forEach(() => same)
  }
  const given = readObject(path, value, ACTIONS)
  return forEach((action) => (given[action] === undefined ? fallback : readAllow(`${path}.${action}`, given[action])))
}

function readOne(path: string, value: unknown, inList: boolean): AllowOne {
  if (typeof value === 'object' && value !== null) {
    const { claims } = readObject(path, value, ['claims'])
    if (typeof claims !== 'object' || claims === null || Array.isArray(claims) || Object.keys(claims).length === 0) {
      throw new SettingError(`${path}.claims`, `must name claims, such as { role: 'admin' }, not ${shown(claims)}`)
    }
    return Object.freeze({ claims: claims as Readonly<Record<string, Json>> })
  }
  const word = readWord(path, value, WORDS, 'nobody')
  if (word !== 'nobody') return word
  const problem = inList ? `has 'nobody' among others: write allow: 'nobody'` : `must be given`
  throw new SettingError(path, problem)
}

function forEach(requirement: (action: Action) => Requirement): Requirements {
  return Object.freeze(Object.fromEntries(ACTIONS.map((action) => [action, requirement(action)])) as Requirements)
}
