// `npm run docs`: writes the reference pages of docs/protocol/ from the tables of the code, so that they cannot differ.
// A test compares them.

import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import {
  CLOSE_CODES,
  HANDSHAKE_FAILURES,
  LIFECYCLE,
  type LifecycleEvent,
  REFUSALS,
  type StateName,
  VIOLATIONS,
} from '@tautline/protocol'
import { DISCONNECTS, ERRORS, FINAL_CLOSE_CODES } from '@tautline/wire'

const FOLDER = join(import.meta.dirname, '../docs/protocol')
const NOTE = '<!-- Written by `npm run docs` from the code. Change it there. -->'

function table(head: readonly string[], rows: readonly (readonly (string | number)[])[]): string {
  return [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n')
}

function page(title: string, intro: string, body: string): string {
  return `${NOTE}\n\n# ${title}\n\n${intro}\n\n${body}\n`
}

function lifecycleDiagram(): string {
  const lines = ['```mermaid', 'stateDiagram-v2', '  [*] --> OPEN']
  for (const [from, cells] of Object.entries(LIFECYCLE)) {
    for (const [event, to] of Object.entries(cells as Partial<Record<LifecycleEvent, StateName>>)) {
      lines.push(`  ${from} --> ${to}: ${event}`)
    }
  }
  return [...lines, '  CLOSED --> [*]', '```'].join('\n')
}

/** The pages by file name. */
export function pages(): Record<string, string> {
  return {
    'violations.md': page(
      'Violations',
      'What a peer can do wrong on an open connection. The connection is failed with the close code, and its text is the reason. `error.violation.id` names the row; the class of the error follows from the code.',
      table(
        ['id', 'close code', 'source', 'text'],
        Object.values(VIOLATIONS).map(({ id, closeCode, section, text }) => [`\`${id}\``, closeCode, section, text]),
      ),
    ),
    'refusals.md': page(
      'Refused handshakes',
      'Why a server refuses to open a connection, and the HTTP status it answers with. `onRefused` gets the row.',
      table(
        ['id', 'status', 'source', 'text'],
        Object.values(REFUSALS).map(({ id, status, section, text }) => [`\`${id}\``, status, section, text]),
      ),
    ),
    'handshake-failures.md': page(
      'Failed handshakes',
      'Why a client does not accept what a server answered. It is the `HandshakeError` that `connect` rejects with.',
      table(
        ['id', 'source', 'text'],
        Object.values(HANDSHAKE_FAILURES).map(({ id, section, text }) => [`\`${id}\``, section, text]),
      ),
    ),
    'close-codes.md': page(
      'Close codes',
      'The IANA registry (RFC 6455 §11.7). Codes that are not for the wire only describe a Close frame that never came. 3000 to 3999 are registered by libraries, 4000 to 4999 are private.',
      table(
        ['code', 'name', 'on the wire'],
        CLOSE_CODES.map(({ code, name, wire }) => [code, name, wire ? 'yes' : 'no']),
      ),
    ),
    'errors.md': page(
      'Errors of tautline.v1',
      'Why a command is refused (tautline.v1 §11.4). `retry` is what counts for a client that does not know a code: `no` the same again gives the same; `later` nothing happened, again after `after` ms or with backoff; `auth` again with a new token; `unknown` it may have happened. A code never changes its meaning. The text is the message where the server has no better one; the status is that of the same refusal over HTTP.',
      table(
        ['code', 'retry', 'HTTP status', 'text'],
        Object.entries(ERRORS).map(([code, { retry, http, text }]) => [`\`${code}\``, `\`${retry}\``, http, text]),
      ),
    ),
    'disconnects.md': page(
      'Disconnect codes of tautline.v1',
      `Why a server ends a connection (tautline.v1 §11.5): the close code, and the code of the push \`bye\` ahead of it. What the client does follows from the hundred, also for codes that a later version adds: 40xx \`backoff\`, 41xx \`return\`, 42xx \`token\`, 43xx and 44xx \`stop\`. Of the codes of RFC 6455 ${FINAL_CLOSE_CODES.join(', ')} mean \`stop\`; every other code means \`backoff\`.\n\n| action | the client |\n| --- | --- |\n| \`backoff\` | comes back after a random wait that grows, and resumes |\n| \`return\` | comes back at once (in its slot), and resumes |\n| \`token\` | gets a new token first, then comes back and resumes |\n| \`stop\` | stays away until the application says otherwise |`,
      table(
        ['code', 'name', 'action', 'text'],
        Object.values(DISCONNECTS).map(({ code, name, action, text }) => [code, `\`${name}\``, `\`${action}\``, text]),
      ),
    ),
    'lifecycle.md': page(
      'The life of a connection',
      'States and events of `packages/protocol/src/lifecycle.ts` (RFC 6455 §7).',
      lifecycleDiagram(),
    ),
  }
}

if (import.meta.main) {
  mkdirSync(FOLDER, { recursive: true })
  for (const [name, text] of Object.entries(pages())) writeFileSync(join(FOLDER, name), text)
}
