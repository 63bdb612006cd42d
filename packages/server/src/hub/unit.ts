// A unit: what goes to every subscriber of a channel, encoded once per codec however many there are. The same bytes for
// everybody, so nothing in it depends on who gets it.

import { type Cast, type Entry, weightOf } from '@tautline/broker'
import type { Codec, Encoded, GapPush, MembersPush, Position, StoredPublication } from '@tautline/wire'
import { Frame } from '../link.ts'
import type { Compress } from '../rules/compress.ts'

/** Encoded when the first subscriber of a codec needs it. */
export abstract class Unit {
  readonly channel: string
  /** Where a subscriber stands after it; null where there are no positions (ephemeral, presence). */
  readonly position: Position | null
  /** Its state key, for the policy `latest`. */
  readonly state: string | undefined
  /** Does an epoch change come with it? */
  readonly fenced: boolean
  /** About its bytes, before anything is encoded. */
  readonly weight: number
  private json: Frame | null = null
  private msgpack: Frame | null = null

  constructor(channel: string, position: Position | null, state: string | undefined, weight: number, fenced = false) {
    this.channel = channel
    this.position = position
    this.state = state
    this.weight = weight
    this.fenced = fenced
  }

  /** The frame that carries only this unit. Shared: never written to. */
  frame(codec: Codec): Frame {
    if (codec.name === 'json') {
      this.json ??= this.make(codec)
      return this.json
    }
    this.msgpack ??= this.make(codec)
    return this.msgpack
  }

  protected abstract encode(codec: Codec): Encoded

  private make(codec: Codec): Frame {
    const encoded = this.encode(codec)
    return new Frame(encoded, codec.size(encoded))
  }
}

/** A stored entry, with the fence before it where the epoch changed. */
export class EntryUnit extends Unit {
  readonly entry: Entry
  override readonly position: Position

  constructor(channel: string, entry: Entry) {
    const position = { epoch: entry.epoch, offset: entry.off, id: entry.id }
    super(channel, position, entry.state, weightOf(entry), entry.fence !== undefined)
    this.entry = entry
    this.position = position
  }

  protected encode(codec: Codec): Encoded {
    const { fence } = this.entry
    const publication = this.publication(codec)
    return fence === undefined ? publication : codec.join([codec.encode(fence), publication])
  }

  private publication(codec: Codec): Encoded {
    try {
      return codec.publication(this.channel, toStored(this.entry))
    } catch {
      // What is stored is no JSON: the chain goes on behind it.
      const gap: GapPush = { ev: 'gap', ch: this.channel, to: this.position, count: 1, why: 'unreadable' }
      return codec.encode(gap)
    }
  }
}

/** A publication that is not stored. */
export class CastUnit extends Unit {
  private readonly cast: Cast

  constructor(channel: string, cast: Cast) {
    super(channel, null, cast.state, weightOf(cast))
    this.cast = cast
  }

  protected encode(codec: Codec): Encoded {
    return codec.publication(this.channel, this.cast)
  }
}

/** Who came and went. */
export class MembersUnit extends Unit {
  private readonly push: MembersPush

  constructor(push: MembersPush) {
    super(push.ch, null, undefined, 0)
    this.push = push
  }

  protected encode(codec: Codec): Encoded {
    return codec.encode(this.push)
  }
}

/**
 * Several units as one frame: joined, not encoded again.
 *
 * @param compress what of their channel may be compressed
 */
export function joinUnits(units: readonly Unit[], codec: Codec, compress: Compress): Frame {
  const first = (units[0] as Unit).frame(codec)
  if (units.length === 1) {
    first.compress = compress !== 'never'
    return first
  }
  const encoded = codec.join(units.map((unit) => unit.frame(codec).encoded))
  const frame = new Frame(encoded, codec.size(encoded))
  frame.compress = compress === 'together'
  return frame
}

/** An entry as publications carry it. `prev` is on the wire only where offsets are sparse. */
export function toStored(entry: Entry): StoredPublication {
  const { off, prev, id, at, key, state, from, body } = entry
  return {
    off,
    id,
    ...(prev === off - 1 ? null : { prev }),
    at,
    ...(key === undefined ? null : { key }),
    ...(state === undefined ? null : { state }),
    ...(from === undefined ? null : { from }),
    body,
  }
}
