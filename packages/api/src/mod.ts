// @tautline/api: the HTTP API of a realtime server. This file only re-exports.

export { createApi } from './api.ts'
export { type ApiKey, type ApiOptions, SCOPES, type Scope } from './options.ts'
