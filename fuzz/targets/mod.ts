// All fuzz targets. This file only lists them.

import type { Target } from '../target.ts'
import { connectionClient, connectionServer } from './connection.ts'
import { connectionDeflate } from './connection-deflate.ts'
import { extensions } from './extensions.ts'
import { forwarded } from './forwarded.ts'
import { inflate } from './inflate.ts'
import { proxyHeader } from './proxy-header.ts'
import { requestParser } from './request-parser.ts'
import { responseParser } from './response-parser.ts'
import { utf8 } from './utf8.ts'
import { bodies } from './wire/bodies.ts'
import { channels } from './wire/channels.ts'
import { jsonFrames, msgpackFrames } from './wire/frames.ts'
import { orders } from './wire/orders.ts'
import { jsonServerMessages, msgpackServerMessages } from './wire/server-messages.ts'

export const TARGETS: readonly Target[] = [
  requestParser,
  responseParser,
  extensions,
  connectionServer,
  connectionClient,
  connectionDeflate,
  utf8,
  inflate,
  jsonFrames,
  msgpackFrames,
  jsonServerMessages,
  msgpackServerMessages,
  bodies,
  channels,
  orders,
  proxyHeader,
  forwarded,
]
