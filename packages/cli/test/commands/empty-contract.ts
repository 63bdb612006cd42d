// The smallest contract that a module can export.

import { type Contract, defineContract } from '@tautline/contract'

export const contract: Contract = defineContract({})
