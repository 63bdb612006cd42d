// What a log says of an error. Hooks and procedures throw whatever they like, also what a client sent them.

/** Never throws: an object whose `toString` is none has no text. */
export function textOf(error: unknown): string {
  try {
    return String(error)
  } catch {
    return 'something that has no text'
  }
}
