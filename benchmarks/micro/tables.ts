// All micro-benchmarks.

import { deflatings } from './deflating.ts'
import { heads } from './heads.ts'
import { masking } from './masking.ts'
import { readings } from './reading.ts'
import type { Table } from './table.ts'
import { texts } from './texts.ts'
import { wires } from './wire.ts'
import { writings } from './writing.ts'

export const TABLES: readonly Table[] = [masking, ...readings, ...writings, ...texts, ...deflatings, ...wires, heads]
