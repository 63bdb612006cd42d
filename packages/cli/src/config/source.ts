// Finds the file of a configuration and reads what is written in it. What it means is not looked at here.

import { existsSync, readFileSync } from 'node:fs'
import { extname, relative, resolve } from 'node:path'
import { evaluateScript } from './evaluate.ts'
import { type Locate, readJson, SyntaxProblem } from './locate-json.ts'
import { scriptPlaces } from './locate-script.ts'
import { ConfigError, type Place } from './problem.ts'

const NAMES = ['ts', 'mts', 'js', 'mjs', 'json'].map((ending) => `tautline.config.${ending}`)

/** What is written in a file. */
export interface Source {
  /** As messages call it: relative to the working directory. */
  readonly name: string
  readonly file: string
  readonly value: unknown
  readonly locate: Locate
}

/**
 * @param given a file, or undefined for the one of the folder
 * @returns null: there is none, and none was asked for
 * @throws ConfigError
 */
export function findConfig(given: string | undefined, folder: string): string | null {
  if (given !== undefined) {
    const file = resolve(folder, given)
    if (!existsSync(file)) throw failure(given, 'is not there: `tautline config init` writes a first one')
    return file
  }
  const there = NAMES.filter((name) => existsSync(resolve(folder, name)))
  if (there.length > 1) throw failure(there.join(' and '), 'are both there: remove one, or say --config FILE')
  return there[0] === undefined ? null : resolve(folder, there[0])
}

/** @throws ConfigError when the file cannot be read at all */
export async function readSource(file: string, folder: string): Promise<Source> {
  const name = nameOf(file, folder)
  const ending = extname(file)
  let text: string
  try {
    text = readFileSync(file, 'utf8')
  } catch (error) {
    if ((error as { code?: string }).code === 'EISDIR') throw failure(name, 'is a folder: name the file in it')
    throw failure(name, `cannot be read: ${(error as Error).message}`)
  }
  if (ending === '.json' || ending === '.jsonc') return { name, file, ...json(name, text) }
  if (!/^\.[cm]?[jt]s$/.test(ending)) throw failure(name, `must end in .ts, .js or .json, not ${ending || 'nothing'}`)
  const locate = scriptPlaces(text, /^\.[cm]?ts$/.test(ending))
  const evaluated = await evaluateScript(file)
  if ('error' in evaluated) throw failure(name, evaluated.error, evaluated.place)
  return { name, file, locate, value: evaluated.value }
}

export function nameOf(file: string, folder: string): string {
  const short = relative(folder, file)
  return short.startsWith('..') || short === '' ? file : short
}

function json(name: string, text: string): Pick<Source, 'value' | 'locate'> {
  try {
    return readJson(text)
  } catch (error) {
    if (error instanceof SyntaxProblem) throw failure(name, error.message, error.place)
    throw error
  }
}

function failure(source: string, text: string, place: Place | null = null): ConfigError {
  return new ConfigError([{ source, place, path: [], text }])
}
