// Each command to whoever obeys it.

import { type Command, RealtimeError } from '@tautline/wire'
import { refresh } from './connect.ts'
import { history, presence } from './queries.ts'
import type { Session } from './session.ts'

/** Of an open session. `pong` is no question, and is heard elsewhere. */
export function obey(session: Session, command: Exclude<Command, { readonly op: 'pong' }>): void {
  switch (command.op) {
    case 'publish':
      return session.publishes.publish(command)
    case 'subscribe':
      return session.attachments.subscribe(command)
    case 'unsubscribe':
      return session.attachments.unsubscribe(command)
    case 'history':
      return history(session, command)
    case 'presence':
      return presence(session, command)
    case 'rpc':
      return session.calls.start(command, session.who)
    case 'cancel':
      session.calls.cancel(command.call)
      return session.reply(command.id, {})
    case 'refresh':
      return refresh(session, command)
    case 'ping':
      return session.reply(command.id, { time: session.time() })
    case 'connect':
      return session.refuse(command.id, new RealtimeError('bad-request', 'this connection is connected already'))
  }
}
