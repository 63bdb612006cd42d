// Loaded into every Node process of the test suites (`node --import`), those that tests start included: whatever it writes
// to its output is searched for secrets. All secrets of the tests carry a marker, so that one search finds them; tokens
// signed with them are known by their shape. What is found goes to a file, which `scripts/test.ts` makes a failure of.

import fs from 'node:fs'

const folder = process.env['SUITE_LEAKS']
/** The marker of secrets in tests, and a JWT with a signature. */
const SECRET = /S3CRET|eyJ[\w-]{8,}\.eyJ[\w-]{8,}\.[\w-]{16,}/
/** Characters kept of what came before: a secret may be cut in two. */
const TAIL = 512

if (folder !== undefined) {
  const tails = new Map([
    [1, ''],
    [2, ''],
  ])

  /** @param {number} fd @param {unknown} chunk */
  const look = (fd, chunk) => {
    const before = tails.get(fd)
    if (before === undefined || (typeof chunk !== 'string' && !ArrayBuffer.isView(chunk))) return
    const text =
      before +
      (typeof chunk === 'string'
        ? chunk
        : Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength).toString('latin1'))
    const found = SECRET.exec(text)
    tails.set(fd, found === null ? text.slice(-TAIL) : '')
    if (found === null) return
    const near = text.slice(Math.max(0, found.index - 200), found.index + 20)
    fs.appendFileSync(`${folder}/leaks.txt`, `${process.argv.slice(1, 3).join(' ')}: ${JSON.stringify(near)}\n`)
  }

  // Looked at when it is first used: to ask for the stream of a pipe makes the pipe non-blocking for the whole process.
  for (const [name, fd] of /** @type {const} */ ([
    ['stdout', 1],
    ['stderr', 2],
  ])) {
    const { get } = /** @type {{ get(): NodeJS.WriteStream }} */ (Object.getOwnPropertyDescriptor(process, name))
    let watched = false
    Object.defineProperty(process, name, {
      configurable: true,
      enumerable: true,
      get: () => {
        const stream = get.call(process)
        if (watched) return stream
        watched = true
        const write = stream.write.bind(stream)
        stream.write = /** @type {typeof stream.write} */ (
          (chunk, ...rest) => {
            look(fd, chunk)
            return write(chunk, ...rest)
          }
        )
        return stream
      },
    })
  }
  // Loggers write to the descriptor themselves.
  for (const name of /** @type {const} */ (['write', 'writeSync'])) {
    const own = fs[name]
    fs[name] = (fd, chunk, ...rest) => {
      look(fd, chunk)
      return own(fd, chunk, ...rest)
    }
  }
}
