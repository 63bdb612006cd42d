// Runs a target on mutants of its corpus for a while. The same seed gives the same inputs; a failure leaves its input
// behind as a file that `npm run fuzz -- <target> --file <path>` runs again.

import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { Random } from '@tautline/testkit'
import { mutate } from './mutate.ts'
import type { Target } from './target.ts'

export class Finding extends Error {
  readonly file: string
  constructor(target: Target, seed: number, file: string, cause: unknown) {
    super(
      `${target.name}, seed ${seed}: ${cause instanceof Error ? cause.message : cause}\n  again: npm run fuzz -- ${target.name} --file ${file}`,
      { cause },
    )
    this.file = file
  }
}

export function corpusOf(target: Target): Uint8Array[] {
  const folder = fileURLToPath(new URL(`corpus/${target.name}/`, import.meta.url))
  return readdirSync(folder)
    .sort()
    .map((name) => readFileSync(folder + name))
}

/** The random choices of a run follow from its input, so that the file alone repeats it. */
function runOne(target: Target, bytes: Uint8Array): void {
  let seed = 0x811c9dc5
  for (let i = 0; i < bytes.length; i++) seed = Math.imul(seed ^ (bytes[i] as number), 0x01000193)
  target.run(new Uint8Array(bytes), new Random(seed))
}

/**
 * First the corpus as it is, then mutants for `ms` milliseconds.
 *
 * @returns how many inputs were run
 * @throws Finding
 */
export function fuzz(target: Target, seed: number, ms: number): number {
  const corpus = corpusOf(target)
  const random = new Random(seed)
  const end = performance.now() + ms
  for (let runs = 0; ; runs++) {
    if (runs >= corpus.length && performance.now() >= end) return runs
    const bytes = runs < corpus.length ? (corpus[runs] as Uint8Array) : mutate(corpus, target.dictionary, random)
    try {
      runOne(target, bytes)
    } catch (error) {
      const folder = fileURLToPath(new URL('../test-output/fuzz/', import.meta.url))
      mkdirSync(folder, { recursive: true })
      const file = `${folder}${target.name}-${seed}-${runs}.bin`
      writeFileSync(file, bytes)
      throw new Finding(target, seed, file, error)
    }
  }
}

/** Runs the input of a file again. */
export function replay(target: Target, file: string): void {
  const bytes = readFileSync(file)
  runOne(target, bytes)
}
