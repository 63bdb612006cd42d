// Reads the contract that a module exports.

import { pathToFileURL } from 'node:url'
import { type Contract, defineContract } from '@tautline/contract'

/** @throws Error: the module cannot be loaded, or what it exports is no contract */
export async function loadContract(file: string): Promise<Contract> {
  const module = (await import(pathToFileURL(file).href)) as {
    readonly contract?: Contract
    readonly default?: Contract
  }
  const contract = module.contract ?? module.default
  if (contract === undefined)
    throw new Error(`exports no contract: write \`export const contract = defineContract({ … })\``)
  return defineContract(contract)
}
