// @tautline/contract/diff: a contract as a file, and what a change of it does to clients that are deployed. This file only
// re-exports.

export { diffContracts, type Finding } from './diff/compare.ts'
export { type ContractDocument, DocumentError, exportContract, readDocument } from './document.ts'
