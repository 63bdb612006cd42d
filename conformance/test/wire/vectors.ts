// Reads the vectors of conformance/wire/vectors: what their README describes, as types.

import { readFileSync } from 'node:fs'
import type { Fence, Position, Push } from '@tautline/wire'

/** Text or bytes of a frame, as a vector writes them. */
export interface Written {
  readonly text?: string
  readonly hex?: string
  readonly parts?: readonly (readonly [string, number])[]
  readonly hexParts?: readonly (readonly [string, number])[]
}

export interface Case {
  readonly id: string
  readonly title: string
}

export interface FrameCase extends Case, Written {
  readonly codec: 'json' | 'msgpack'
  readonly result: 'messages' | 'malformed' | 'too-large'
  readonly values?: readonly unknown[]
}

export interface CommandCase extends Case, Written {
  readonly command?: object
  readonly result: 'accepted' | 'error' | 'close'
  readonly code?: string
  readonly field?: string
  readonly close?: number
}

export type ChainResult = 'applied' | 'dropped' | 'passed' | 'skipped' | 'answered' | 'lost' | 'repair'

export interface ChainCase extends Case {
  readonly position: Position | null
  readonly wire: string | null
  /** Ids that the follower remembers, by offset. */
  readonly known?: Readonly<Record<string, string>>
  /** Epochs into which it remembers having passed. */
  readonly passed?: readonly string[]
  readonly steps: readonly {
    readonly message: Push
    readonly result: ChainResult
    readonly position: Position
    readonly wire: string
  }[]
}

export interface ValueCase {
  readonly json?: string
  readonly msgpack?: string
  readonly result: 'accepted' | 'bad-data'
  readonly becomes?: unknown
  readonly why?: string
}

export interface RelationCase extends Case {
  readonly position: Position
  readonly passed: readonly Pick<Fence, 'from' | 'epoch'>[]
  readonly other: Position
  readonly relation: 'reached' | 'diverged' | 'ahead'
}

export interface Vectors {
  readonly 'frames.json': {
    readonly limits: { bytes: number; messages: number; depth: number; keys: number }
    readonly cases: readonly FrameCase[]
    readonly base64url: readonly { text: string; hex?: string; malformed?: true; why?: string }[]
  }
  readonly 'chain.json': { readonly cases: readonly ChainCase[] }
  readonly 'names.json': {
    readonly channels: readonly { name: string; valid: boolean; why?: string }[]
    readonly patterns: readonly { pattern: string; valid: boolean; why?: string }[]
    readonly matches: readonly { pattern: string; channel: string; matches: boolean }[]
  }
  readonly 'commands.json': { readonly cases: readonly CommandCase[] }
  readonly 'positions.json': {
    readonly values: readonly { value: unknown; valid: boolean; why?: string; field?: string }[]
    readonly relations: readonly RelationCase[]
  }
  readonly 'numbers.json': { readonly numbers: readonly ValueCase[]; readonly values: readonly ValueCase[] }
}

/** One file of vectors. */
export function vectors<Name extends keyof Vectors>(name: Name): Vectors[Name] {
  return JSON.parse(readFileSync(new URL(`../../wire/vectors/${name}`, import.meta.url), 'utf8'))
}

/** The frame that a case describes: text for `text` and `parts`, bytes for `hex` and `hexParts`. */
export function frameOf(written: Written): string | Uint8Array {
  const { text, hex, parts, hexParts } = written
  if (text !== undefined) return text
  if (parts !== undefined) return parts.map(([piece, count]) => piece.repeat(count)).join('')
  return Buffer.from(hex ?? (hexParts ?? []).map(([piece, count]) => piece.repeat(count)).join(''), 'hex')
}

/** Bytes as vectors write them, so that values can be compared. */
export function plain(value: unknown): unknown {
  if (value instanceof Uint8Array) return { $bytes: Buffer.from(value).toString('hex') }
  if (Array.isArray(value)) return value.map(plain)
  if (typeof value !== 'object' || value === null) return value
  const out: Record<string, unknown> = {}
  for (const [key, of] of Object.entries(value)) {
    Object.defineProperty(out, key, { value: plain(of), enumerable: true, configurable: true, writable: true })
  }
  return out
}
