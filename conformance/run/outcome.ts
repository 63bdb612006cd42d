/**
 * Compares what was seen with the outcomes a case allows.
 * An outcome seen is written as in the catalogue, `101+ext ECHO CLOSE:1002`; a `!` marks what no case allows.
 */

/** The answer to the handshake in the catalogue's words, and what came behind it. */
export interface Outcome {
  /** `HTTP:400`, `101`, `101+ext`, `RST`, `OPEN`, `FAIL`, `none`; empty when it is of no interest. */
  readonly head: string
  readonly tokens: readonly string[]
}

/** As people read it. */
export function outcomeText(outcome: Outcome): string {
  return [outcome.head, ...outcome.tokens].filter((part) => part !== '').join(' ')
}

function headMeets(head: string, wanted: string): boolean {
  if (wanted === '101') return head === '101' || head === '101+ext'
  if (wanted === '101-noext') return head === '101'
  return head === wanted
}

const HEADS = /^(HTTP:\d+|RST|101|101-noext|FAIL|OPEN)$/

/** An allowed outcome taken apart: its head if it speaks of one, and the tokens behind it. */
function partsOf(alternative: string): { head: string | null; tokens: string[] } {
  const parts = alternative.split('+').map((part) => part.replace(/^MSG$/, 'ECHO'))
  return HEADS.test(parts[0] ?? '') ? { head: parts[0] ?? '', tokens: parts.slice(1) } : { head: null, tokens: parts }
}

function accepted(head: string): boolean {
  return head === '' || head === 'OPEN' || head.startsWith('101')
}

/** Whether one of the allowed outcomes is exactly what was seen. */
export function meets(outcome: Outcome, required: readonly string[]): boolean {
  return required.some((alternative) => {
    const { head, tokens } = partsOf(alternative)
    if (head === null ? !accepted(outcome.head) : !headMeets(outcome.head, head)) return false
    return tokens.join('+') === outcome.tokens.join('+')
  })
}

/** Whether one of the allowed outcomes may still come about with more tokens. */
export function mayStillMeet(outcome: Outcome, required: readonly string[]): boolean {
  return required.some((alternative) => {
    const { head, tokens } = partsOf(alternative)
    if (head === null ? !accepted(outcome.head) : !headMeets(outcome.head, head)) return false
    return tokens.length > outcome.tokens.length && outcome.tokens.every((token, i) => token === tokens[i])
  })
}
