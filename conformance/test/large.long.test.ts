/** Messages of 16 MiB against our engine, server and client: whole and in 997-byte chops. */
import { chops } from '@tautline/testkit'
import { asClientCase, asServerCase } from '../cases/own.ts'
import { LARGE_FRAGMENTS, LARGE_PAYLOAD, largeCases } from '../cases/own-large.ts'
import { clientSuite, serverSuite } from '../run/suite.ts'
import { tautlineClient, tautlineServer } from '../run/tautline.ts'
import { type Variant, WHOLE } from '../run/variants.ts'

const CHOPS: Variant = { name: 'in chops of 997 bytes', split: (bytes) => chops(bytes, 997) }
const options = { ways: [WHOLE, CHOPS], concurrency: 1 }
const limits = { maxPayload: LARGE_PAYLOAD, maxFragments: LARGE_FRAGMENTS }

serverSuite(
  'tautline server, 16 MiB',
  () => tautlineServer({ ...limits, compression: false }),
  largeCases().map(asServerCase),
  options,
)
clientSuite(
  'tautline client, 16 MiB',
  tautlineClient,
  largeCases().map((one) => ({ ...asClientCase(one, limits), deflate: false })),
  options,
)
