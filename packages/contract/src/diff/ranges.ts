// Numbers and texts of one schema that another one does not take.

import type { NumberForm, StringForm } from './forms.ts'
import { type Direction, type Reason, reason, shownValue, words } from './reasons.ts'

export function numberReasons(a: NumberForm, b: NumberForm, path: string, direction: Direction): readonly Reason[] {
  const reasons: Reason[] = []
  const say = (send: string, read: string): void => {
    reasons.push({ kind: 'breaking', path, ...words(direction, send, read) })
  }
  if (b.integer && !a.integer && !a.steps.some(Number.isInteger)) {
    say('a number must be whole now', 'a number may have a fraction now')
  }
  // No message carries a whole number beyond what is safe: an end out there is none.
  const isLow = !(b.integer && b.low.at <= Number.MIN_SAFE_INTEGER)
  const isHigh = !(b.integer && b.high.at >= Number.MAX_SAFE_INTEGER)
  if (isLow && (b.low.at > a.low.at || (b.low.at === a.low.at && b.low.open && !a.low.open))) {
    const than = b.low.open ? 'above' : 'at least'
    say(`a number must be ${than} ${b.low.at} now`, `a number may be less than ${than} ${b.low.at} now`)
  }
  if (isHigh && (b.high.at < a.high.at || (b.high.at === a.high.at && b.high.open && !a.high.open))) {
    const than = b.high.open ? 'below' : 'at most'
    say(`a number must be ${than} ${b.high.at} now`, `a number may be more than ${than} ${b.high.at} now`)
  }
  for (const step of b.steps) {
    if (a.steps.includes(step) || (step === 1 && a.integer)) continue
    const whole = Number.isInteger(step) && a.steps.every(Number.isInteger)
    if (whole && a.steps.some((other) => other % step === 0)) continue
    // Fractions are not exact: 0.3 is no multiple of 0.1 for a machine.
    if (whole) say(`a number must be a multiple of ${step} now`, `a number may be no multiple of ${step} now`)
    else reasons.push(reason(path, 'unknown', `a number is a multiple of ${step}`))
  }
  return reasons
}

export function stringReasons(a: StringForm, b: StringForm, path: string, direction: Direction): readonly Reason[] {
  const reasons: Reason[] = []
  // A pattern or a format may bound the length, or be a part of another one.
  const isOpen = a.patterns.length + a.formats.length === 0
  const say = (send: string, read: string): void => {
    reasons.push({ kind: isOpen ? 'breaking' : 'unknown', path, ...words(direction, send, read) })
  }
  if (b.min > a.min) say(`text must have ${b.min} characters now`, `text may have fewer than ${b.min} characters now`)
  if (b.max < a.max) {
    say(`text must not have more than ${b.max} characters now`, `text may have more than ${b.max} characters now`)
  }
  for (const pattern of b.patterns) {
    if (a.patterns.includes(pattern)) continue
    const shown = shownValue(pattern)
    say(`text must follow the pattern ${shown} now`, `text may not follow the pattern ${shown} any more`)
  }
  for (const format of b.formats) {
    if (a.formats.includes(format)) continue
    const shown = shownValue(format)
    say(`text must be of the format ${shown} now`, `text may not be of the format ${shown} any more`)
  }
  return reasons
}
