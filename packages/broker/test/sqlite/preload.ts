// fsync and fdatasync of a child process as a test wants them: failing, or leaving behind what they made durable.

import { execFileSync, spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { without } from '@tautline/testkit'

export const withoutCompiler: string | false = without('cc', spawnSync('cc', ['--version']).status === 0)

/**
 * BROKEN: a path; while something lies there, every sync fails with EIO.
 * SLOW: µs that each takes longer.
 * DURABLE: a directory; what a sync found in its file is copied there before it returns: what a power cut leaves.
 */
const SOURCE = `
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
static int broken(void) { const char *path = getenv("BROKEN"); return path && access(path, F_OK) == 0; }
static void keep(int fd) {
  const char *to = getenv("DURABLE");
  char link[64], path[4096], part[4200], whole[4200], bytes[65536];
  if (!to) return;
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  ssize_t length = readlink(link, path, sizeof path - 1);
  if (length < 0) return;
  path[length] = 0;
  const char *name = strrchr(path, '/');
  snprintf(whole, sizeof whole, "%s%s", to, name);
  snprintf(part, sizeof part, "%s.part", whole);
  int out = open(part, O_CREAT | O_TRUNC | O_WRONLY, 0600);
  if (out < 0) return;
  off_t at = 0;
  for (ssize_t n; (n = pread(fd, bytes, sizeof bytes, at)) > 0; at += n) if (write(out, bytes, n) != n) abort();
  close(out);
  rename(part, whole);
}
static int with(const char *name, int fd) {
  if (broken()) { errno = EIO; return -1; }
  keep(fd);
  if (getenv("SLOW")) usleep(atoi(getenv("SLOW")));
  return ((int (*)(int))dlsym(RTLD_NEXT, name))(fd);
}
int fsync(int fd) { return with("fsync", fd); }
int fdatasync(int fd) { return with("fdatasync", fd); }
`

/** Compiles it into a directory; the environment that preloads it. */
export function preloadSync(directory: string): { readonly LD_PRELOAD: string } {
  const library = join(directory, 'sync.so')
  writeFileSync(join(directory, 'sync.c'), SOURCE)
  execFileSync('cc', ['-shared', '-fPIC', '-O1', '-w', '-o', library, join(directory, 'sync.c'), '-ldl'])
  return { LD_PRELOAD: library }
}
