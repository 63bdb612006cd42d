// Is the file the one that this store wrote last, or a backup put in its place? A nonce is drawn at every opening and
// written to the file and to a sidecar beside it: what only the file holds is restored along with it and proves nothing.
// It decides and writes the sidecar; it never touches the database.

import { closeSync, existsSync, fsyncSync, openSync, readFileSync, renameSync, statSync, writeSync } from 'node:fs'
import { hostname } from 'node:os'
import { dirname } from 'node:path'

/** What the sidecar says. `next` is there only while an opening is under way: both nonces are good then. */
export interface Sidecar {
  /** The nonce of the last opening that was completed. */
  readonly settled: string
  /** The nonce that an opening was about to write into the file. */
  readonly next?: string
  /** '1' while the store is open: its WAL is there until it is closed in good order. */
  readonly open?: string
  /** Boot id of the machine while a store is open that a power cut may cost its newest commits; absent: it cannot. */
  readonly boot?: string
  /** Who opened it, for the message that a second opener gets. */
  readonly by?: string
}

/** What the file itself says of its lineage, as of its last opening. */
export interface FileMark {
  readonly nonce: string
  readonly inode: string
  /** Birth time, ns; '' where the file system keeps none. */
  readonly birth: string
}

/** The same file, going on where it ended; or another state of it, whose newest entries may be missing. */
export type LineageVerdict = 'same' | 'changed'

/** What lies there when a store is opened. */
export interface Found extends Omit<FileMark, 'nonce'> {
  /** Is there a WAL? */
  readonly wal: boolean
  readonly boot: string
}

/**
 * The nonce is renewed at every opening and closing and every few minutes between. Crash points of a renewal from a to
 * b (each step is on the disk before the next begins), and what the next opening finds:
 *
 * | crash behind | sidecar | file | verdict |
 * |---|---|---|---|
 * | nothing | settled a | a | same |
 * | 1. sidecar announces b | settled a, next b | a | same |
 * | 2. file bears b | settled a, next b | b | same |
 * | 3. sidecar settles b | settled b | b | same |
 *
 * A file restored from a backup bears an older nonce than `settled`, unless the backup is of the minutes before a crash:
 * then the WAL is gone, or, where the file was replaced, inode and birth time differ. When the verdict is 'changed' the
 * file is written first and the sidecar last: a crash between them gives 'changed' again, and never forgets it.
 */
export function judgeLineage(sidecar: Sidecar | null, recorded: FileMark, found: Found): LineageVerdict {
  if (sidecar === null) return 'changed'
  if (recorded.nonce !== sidecar.settled && recorded.nonce !== sidecar.next) return 'changed'
  if (recorded.inode !== found.inode) return 'changed'
  if (recorded.birth !== '' && found.birth !== '' && recorded.birth !== found.birth) return 'changed'
  if (sidecar.open !== undefined && !found.wal) return 'changed'
  // Commits that were only handed to the kernel are lost by a power cut, and the machine has started anew since.
  if (sidecar.boot !== undefined && sidecar.boot !== found.boot) return 'changed'
  return 'same'
}

export function sidecarPath(file: string): string {
  return `${file}-lineage`
}

/** null: there is none, or none that can be read. */
export function readSidecar(file: string): Sidecar | null {
  try {
    const read = JSON.parse(readFileSync(sidecarPath(file), 'utf8')) as Partial<Record<keyof Sidecar, unknown>> | null
    if (typeof read?.settled !== 'string') return null
    const text = (key: 'next' | 'open' | 'boot' | 'by'): Partial<Sidecar> =>
      typeof read[key] === 'string' ? { [key]: read[key] } : {}
    return { settled: read.settled, ...text('next'), ...text('open'), ...text('boot'), ...text('by') }
  } catch {
    return null
  }
}

/** Replaces the sidecar; when it returns the new one is on the disk, and a crash on the way leaves the old one. */
export function writeSidecar(file: string, sidecar: Sidecar): void {
  const path = sidecarPath(file)
  const temporary = `${path}-new`
  const descriptor = openSync(temporary, 'w', 0o644)
  try {
    writeSync(descriptor, `${JSON.stringify(sidecar)}\n`)
    fsyncSync(descriptor)
  } finally {
    closeSync(descriptor)
  }
  renameSync(temporary, path)
  syncDirectory(dirname(path))
}

export function walExists(file: string): boolean {
  return existsSync(`${file}-wal`)
}

/** Which file lies there. Only `stat`: closing another descriptor of the file would drop the lock on it. */
export function fileMark(file: string): Omit<FileMark, 'nonce'> {
  const { ino, birthtimeNs, ctimeNs } = statSync(file, { bigint: true })
  // Where a file system keeps no birth time it is given as 0, or as the time of the last change.
  const birth = birthtimeNs === 0n || birthtimeNs === ctimeNs ? '' : `${birthtimeNs}`
  return { inode: `${ino}`, birth }
}

/** Names this start of the machine; '' where it is not told. */
export function bootId(): string {
  try {
    return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()
  } catch {
    return ''
  }
}

/** This process, for whoever finds the file locked. */
export function openerName(wall: number): string {
  return `process ${process.pid} on ${hostname()} at ${new Date(wall).toISOString()}`
}

function syncDirectory(directory: string): void {
  let descriptor: number
  try {
    descriptor = openSync(directory, 'r')
  } catch {
    // Windows has no directories to sync: there a rename is written through.
    return
  }
  try {
    fsyncSync(descriptor)
  } finally {
    closeSync(descriptor)
  }
}
