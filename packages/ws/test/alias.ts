// Every `ws` that is imported or required after this module is @tautline/ws, as with an alias in package.json. Import
// the packages under test dynamically: static imports are resolved before any module runs.

import { registerHooks } from 'node:module'

/** Who asked for `ws`. */
export const asked: string[] = []

registerHooks({
  resolve(specifier, context, next) {
    if (specifier !== 'ws') return next(specifier, context)
    asked.push(context.parentURL ?? '')
    return next('@tautline/ws', context)
  },
})
