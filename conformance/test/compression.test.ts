/** permessage-deflate of our engine against node:zlib: a part of all parameters; compression.long.test.ts runs the rest. */
import { compressionClientSuite, compressionServerSuite } from '../run/compression-suite.ts'
import { startPreferring, tautlineClient } from '../run/tautline.ts'

compressionServerSuite('tautline server, compression', startPreferring, 'quick')
compressionClientSuite('tautline client, compression', tautlineClient, 'quick')
