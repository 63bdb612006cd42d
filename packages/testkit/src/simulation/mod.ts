// Whole clusters on virtual time, with faults, judged by the checker. This file only re-exports.

export * from '../checker/mod.ts'
export { BUGS, type Bug, NODE_BUGS, type NodeBug, STORE_BUGS, type StoreBug } from './bugs.ts'
export { type Campaign, type CampaignOptions, campaign, explain, summary } from './campaign.ts'
export { Chance } from './chance.ts'
export { Machine } from './machine.ts'
export { Scheduler } from './scheduler.ts'
export { type Outcome, type SimulateOptions, simulate } from './simulate.ts'
export { printTrace } from './trace.ts'
