// Writes the JSON Schema of the configuration to schema/, from where it is published: run by hand when the configuration
// has changed (`node packages/cli/src/write-schema.ts`). A test says when that was forgotten.

import { writeFileSync } from 'node:fs'
import { JSON_SCHEMA } from './config/json-schema.ts'

const file = new URL('../schema/tautline.config.schema.json', import.meta.url)
writeFileSync(file, `${JSON.stringify(JSON_SCHEMA, null, 2)}\n`)
