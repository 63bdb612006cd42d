// `npm start`: builds the pages, then becomes the server, in one process, and ends when npm does.
import { spawnSync } from 'node:child_process'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { DIST } from './dist.ts'
import { watchLaunchers } from './launchers.ts'

watchLaunchers(() => process.kill(process.pid, 'SIGTERM'))

const root = fileURLToPath(new URL('../../', import.meta.url))
const vite = join(dirname(createRequire(import.meta.url).resolve('vite/package.json')), 'bin', 'vite.js')
// A folder that somebody named may hold something else: only our own is emptied.
const empty = process.env['DIST'] ? '--emptyOutDir=false' : '--emptyOutDir'
const order = ['build', '--logLevel', 'warn', '--outDir', DIST, empty]
const build = spawnSync(process.execPath, [vite, ...order], { cwd: root, stdio: 'inherit' })
if (build.status !== 0) {
  process.stderr.write('The pages could not be built; see above.\n')
  process.exit(build.status ?? 1)
}
await import('./main.ts')
