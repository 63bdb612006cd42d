/** Section J of the catalogue over a real WebSocket: every row, both codecs, the bytes cut in all ways. */
import { CHANNEL_CASES } from '../../realtime/cases/channels.ts'
import { COMMAND_CASES } from '../../realtime/cases/commands.ts'
import { MESSAGE_CASES } from '../../realtime/cases/messages.ts'
import { POSITION_CASES } from '../../realtime/cases/positions.ts'
import { appSuite } from '../../realtime/suite.ts'

appSuite('section J: messages', MESSAGE_CASES, true)
appSuite('section J: positions and secrets', POSITION_CASES, true)
appSuite('section J: channels', CHANNEL_CASES, true)
appSuite('section J: publishing, calls, presence, bytes', COMMAND_CASES, true)
