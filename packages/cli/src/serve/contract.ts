// Reads the contract that a module exports.

import { pathToFileURL } from 'node:url'
import { type Contract, defineContract } from '@tautline/contract'

/** @throws Error: the module cannot be loaded, or what it exports is no contract */
export async function loadContract(file: string): Promise<Contract> {
  const module = await load(file)
  const contract = module.contract ?? module.default
  if (contract === undefined)
    throw new Error(`exports no contract: write \`export const contract = defineContract({ … })\``)
  return defineContract(contract)
}

async function load(file: string): Promise<{ readonly contract?: Contract; readonly default?: Contract }> {
  try {
    return await import(pathToFileURL(file).href)
  } catch (error) {
    if ((error as { code?: string }).code !== 'ERR_UNKNOWN_FILE_EXTENSION' || process.features.typescript) throw error
    throw new Error(
      'is TypeScript, which Node reads from 22.18 on: with an older one, set NODE_OPTIONS=--experimental-strip-types',
    )
  }
}
