// Where the built pages are. Two servers that build at the same time (two test files) must not share the folder.
import { resolve } from 'node:path'
import { fileURLToPath } from 'node:url'

/** The folder of the built pages: `dist/`, or what the environment's DIST names. */
export const DIST: string = resolve(process.env['DIST'] || fileURLToPath(new URL('../../dist/', import.meta.url)))
