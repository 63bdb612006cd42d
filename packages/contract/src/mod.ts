// The public names of @tautline/contract.

export type { CallContract, ChannelContract, Contract, Schema } from './contract.ts'
