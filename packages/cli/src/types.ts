// Takes the types out of TypeScript, so that every character that stays keeps its place.

import { stripTypeScriptTypes } from 'node:module'

/** @throws SyntaxError: not TypeScript, or with syntax that is more than types */
export function withoutTypes(text: string): string {
  // Node says once that this function is experimental; whoever starts a server cannot do anything about it.
  const { emitWarning } = process
  process.emitWarning = () => {}
  try {
    return stripTypeScriptTypes(text)
  } finally {
    process.emitWarning = emitWarning
  }
}
