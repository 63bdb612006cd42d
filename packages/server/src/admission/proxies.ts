// Which peers speak for somebody else, and for whom. An address is taken from a header only as far as an unbroken chain of
// listed proxies reaches back from the connection; whatever a client wrote to the left of that is never looked at.

import { BlockList } from 'node:net'
import { plainAddress } from './address.ts'
import { forwardedHops, hopsOf } from './forwarded.ts'

/** Proxies in a row that are followed. Real chains have two or three. */
const MOST_HOPS = 32

/** Header fields by lower-case name; several of one name joined by ', '. */
export interface Fields {
  get(name: string): string | undefined
}

/** A list of addresses and networks. */
export class Networks {
  private readonly list: BlockList | null

  /** @param networks as `readAdmission` has checked them */
  constructor(networks: readonly string[]) {
    this.list = networks.length === 0 ? null : new BlockList()
    for (const network of networks) {
      const [given = '', bits] = network.split('/')
      const family = given.includes(':') ? 'ipv6' : 'ipv4'
      if (bits === undefined) this.list?.addAddress(plainAddress(given) ?? given, plainFamily(given))
      else this.list?.addSubnet(given, Number(bits), family)
    }
  }

  get isEmpty(): boolean {
    return this.list === null
  }

  /** @param address as `plainAddress` gives it */
  has(address: string): boolean {
    return this.list?.check(address, address.includes(':') ? 'ipv6' : 'ipv4') ?? false
  }
}

function plainFamily(address: string): 'ipv4' | 'ipv6' {
  return (plainAddress(address) ?? address).includes(':') ? 'ipv6' : 'ipv4'
}

/** Finds the client behind its proxies. */
export class Proxies {
  private readonly trusted: Networks
  private readonly header: 'x-forwarded-for' | 'forwarded'

  constructor(trusted: readonly string[], header: 'x-forwarded-for' | 'forwarded') {
    this.trusted = new Networks(trusted)
    this.header = header
  }

  /** @param address as `plainAddress` gives it */
  trusts(address: string): boolean {
    return !this.trusted.isEmpty && this.trusted.has(address)
  }

  /**
   * The first address from the right that is no listed proxy. Where a proxy names none (`unknown`, garbage, nothing), it is
   * the proxy that could not tell: the last address that is known.
   *
   * @param peer as `plainAddress` gives it
   */
  clientOf(fields: Fields, peer: string): string {
    if (!this.trusts(peer)) return peer
    const value = fields.get(this.header)
    if (value === undefined) return peer
    let known = peer
    let hops = 0
    for (const hop of this.header === 'forwarded' ? forwardedHops(value) : hopsOf(value)) {
      if (hop === null || ++hops > MOST_HOPS) return known
      known = hop
      if (!this.trusts(hop)) return known
    }
    return known
  }
}
