// Positions as they come from the application: stored somewhere, or typed by somebody.

import type { Position } from '@tautline/wire'

export function isPosition(value: unknown): value is Position {
  const { epoch, offset, id } = (value ?? {}) as Record<string, unknown>
  return typeof epoch === 'string' && Number.isSafeInteger(offset) && (offset as number) >= 0 && typeof id === 'string'
}
