/** permessage-deflate of our engine against node:zlib: all parameters, windows and sizes. */
import { compressionClientSuite, compressionServerSuite } from '../run/compression-suite.ts'
import { startPreferring, tautlineClient } from '../run/tautline.ts'

compressionServerSuite('tautline server, compression', startPreferring, 'all')
compressionClientSuite('tautline client, compression', tautlineClient, 'all')
