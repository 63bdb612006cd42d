// Hooks to a backend in any language: what an application imports.

export { type Backend, backend, type HookHost, type HookOutcome } from './backend.ts'
export type { BackendOptions, HookBreakerOptions, HookEvent, HookEventOptions } from './options.ts'
