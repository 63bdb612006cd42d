/**
 * Our own case lists: what a conformance suite examines beyond hostile input, each for both roles.
 * A case is a list of frames; played by a client they are masked, played by a server they follow its 101.
 */
import { buildFrame, type FrameSpec, type RawField, responseBytes } from '@tautline/testkit'
import type { ClientCase, Demand, Expected, ServerCase } from './case.ts'

/** Frames without masks: the role decides. */
export type Script = readonly Omit<FrameSpec, 'mask'>[]

/** A case for either role. */
export interface OwnCase {
  readonly id: string
  readonly rfc: string
  readonly title: string
  readonly script: () => Script
  readonly required: readonly string[]
  readonly echo?: readonly Expected[]
  readonly demand?: Demand
  readonly local?: number
  /** Negotiate permessage-deflate. */
  readonly deflate?: boolean
  /** ms to wait for the outcome, where it takes long. */
  readonly deadline?: number
}

function bytesOf(script: Script, mask: boolean): Buffer {
  return Buffer.concat(script.map((spec) => buildFrame({ ...spec, mask })))
}

/** As a case against a server. */
export function asServerCase(one: OwnCase): ServerCase {
  const { script, ...rest } = one
  return { ...rest, id: `S-${one.id}`, input: () => bytesOf(script(), true) }
}

/** As a case against a client, with limits where the case needs higher ones. */
export function asClientCase(one: OwnCase, limits: Pick<ClientCase, 'maxPayload' | 'maxFragments'> = {}): ClientCase {
  const { script, ...rest } = one
  const fields: RawField[] = one.deflate === true ? [['Sec-WebSocket-Extensions', 'permessage-deflate']] : []
  // The frames are built once per case, not once per delivery.
  let body: Buffer | null = null
  const frames = (): Buffer => {
    body ??= bytesOf(script(), false)
    return body
  }
  const required = one.required.map((outcome) => (outcome === 'ECHO' ? 'OPEN+MSG' : outcome))
  return {
    ...rest,
    ...limits,
    id: `C-${one.id}`,
    required,
    answer: (key) => responseBytes(key, { fields, body: frames() }),
  }
}

/** Text of exactly `size` bytes with code points of one to four bytes. */
export function mixedText(size: number): string {
  const unit = 'aé€😀'
  const units = Math.floor(size / 10)
  return unit.repeat(units) + 'x'.repeat(size - units * 10)
}
