// How a command ends when it does not succeed: the text for the person, and the code for the script that called.

/** 0 done · 1 it failed · 2 the command line or the configuration is wrong · 3 a difference that breaks clients. */
export const EXIT = { failed: 1, wrong: 2, breaking: 3 } as const

/** Ends the command with a text that a person can act on, and no stack. */
export class CommandError extends Error {
  readonly code: number

  constructor(message: string, code: number = EXIT.failed) {
    super(message)
    this.name = 'CommandError'
    this.code = code
  }
}
