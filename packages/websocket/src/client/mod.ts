// The client. This file only re-exports.

export { connect } from './connect.ts'
export { CONNECT_FAILURES, type ConnectFailureId } from './failures.ts'
export type { ClientNetOptions, ClientTlsOptions, ConnectOptions } from './options.ts'
