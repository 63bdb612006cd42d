// Where the store's tests put their files: directories of their own, on the disk or on a tmpfs that can be filled.

import { execFileSync } from 'node:child_process'
import {
  closeSync,
  existsSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** A directory that goes with its test. */
export interface Place {
  readonly path: string
  remove(): void
}

export function temporaryDirectory(): Place {
  const path = mkdtempSync(join(tmpdir(), 'tautline-sqlite-'))
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) }
}

/** A small file system that can be filled. Throws where mounting is not allowed. */
export function smallFileSystem(size: string): Place {
  const { path, remove } = temporaryDirectory()
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${size}`, 'tautline-test', path], { stdio: 'pipe' })
  } catch (error) {
    remove()
    throw error
  }
  return {
    path,
    remove: () => {
      execFileSync('umount', ['-l', path])
      remove()
    },
  }
}

/** Why tests of a full disk are skipped; false: they run. */
export const withoutTmpfs: string | false = canMount() ? false : 'missing: the right to mount a tmpfs'

function canMount(): boolean {
  try {
    smallFileSystem('64k').remove()
    return true
  } catch {
    return false
  }
}

/** Takes all space but `left` bytes; gives it back when called again. */
export function fill(place: Place, left = 0): () => void {
  const path = join(place.path, 'ballast')
  const descriptor = openSync(path, 'w')
  try {
    for (let size = 1 << 16; size >= 512; size /= 2) {
      const piece = Buffer.alloc(size)
      try {
        for (;;) writeSync(descriptor, piece)
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error
      }
    }
    if (left > 0) execFileSync('truncate', ['-s', `-${left}`, path])
  } finally {
    closeSync(descriptor)
  }
  return () => rmSync(path)
}

/** Gives a file the bytes of another one; it stays the same file. */
export function overwrite(from: string, to: string): void {
  const bytes = readFileSync(from)
  if (!existsSync(to)) {
    writeFileSync(to, bytes)
    return
  }
  writeFileSync(to, bytes, { flag: 'r+' })
  truncateSync(to, bytes.length)
}

/** Copies by another process: closing a file here would end this process's locks on it. */
export function copy(from: string, to: string): void {
  execFileSync('cp', ['-p', from, to])
}
