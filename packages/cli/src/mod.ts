// @tautline/cli: what `tautline.config.ts` imports. This file only re-exports.

export { defineConfig, type TautlineConfig } from './config/schema.ts'
