// The option `contract` of createRealtime, read.

import { type Contract, ContractError, defineContract } from '@tautline/contract'
import { SettingError } from '../rules/settings.ts'

/**
 * @returns null: there is none
 * @throws SettingError naming the place in the contract
 */
export function readContractOption(given: Contract | undefined): Contract | null {
  if (given === undefined) return null
  try {
    return defineContract(given)
  } catch (error) {
    if (error instanceof ContractError) throw new SettingError('contract', `is wrong: ${error.message}`)
    throw error
  }
}
