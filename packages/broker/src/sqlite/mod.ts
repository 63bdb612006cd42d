// @tautline/broker/sqlite: the broker that keeps its logs in one SQLite file. This file only re-exports.

export { type OpenFailure, StoreOpenError } from './failure.ts'
export { SqliteBroker, type SqliteBrokerOptions } from './sqlite-broker.ts'
