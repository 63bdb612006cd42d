// The checker of reliability: what observers wrote down, judged against what the store had. This file only re-exports.

export { CHECKS, check } from './check.ts'
export type * from './history.ts'
