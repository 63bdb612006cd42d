// What is published: the command as it is installed, without the repository's sources and conditions in reach. Libraries of
// others are those that are installed here.

import assert from 'node:assert/strict'
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('../../..', import.meta.url))
const folder = mkdtempSync(join(tmpdir(), 'tautline-cli-packed-'))
const modules = join(folder, 'node_modules')
const bin = join(modules, '@tautline/cli/bin/tautline.mjs')
const { NODE_OPTIONS: _, ...clean } = process.env
const PACKAGES = ['protocol', 'websocket', 'wire', 'contract', 'broker', 'server', 'client', 'api', 'cli'] as const
const children: ChildProcess[] = []

function run(command: string, args: readonly string[], cwd = folder): string {
  return execFileSync(command, args, {
    ...{ cwd, env: clean, timeout: 120_000 },
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
  })
}

before(() => {
  run(process.execPath, [join(root, 'node_modules/typescript/bin/tsc'), '-b', 'packages/cli', 'packages/client'], root)
  mkdirSync(join(modules, '@tautline'), { recursive: true })
  const needed = new Set<string>()
  for (const name of PACKAGES) {
    const path = join(root, 'packages', name)
    const file = run('npm', ['pack', '--pack-destination', folder, '--silent'], path).trim().split('\n').at(-1) ?? ''
    const target = join(modules, '@tautline', name)
    mkdirSync(target)
    run('tar', ['xzf', file, '--strip-components=1', '-C', target])
    const { dependencies = {} } = JSON.parse(readFileSync(join(target, 'package.json'), 'utf8'))
    for (const dependency of Object.keys(dependencies)) if (!dependency.startsWith('@tautline/')) needed.add(dependency)
  }
  for (const dependency of needed) {
    const [scope] = dependency.split('/')
    if (dependency.includes('/')) mkdirSync(join(modules, scope ?? ''), { recursive: true })
    symlinkSync(join(root, 'node_modules', dependency), join(modules, dependency))
  }
  writeFileSync(join(folder, 'package.json'), '{ "private": true, "type": "module" }')
})

after(() => {
  for (const child of children) child.kill('SIGKILL')
  rmSync(folder, { recursive: true })
})

test('the tarball holds what the command needs, and no sources, tests or maps', () => {
  const own = join(modules, '@tautline/cli')
  for (const file of [
    'LICENSE',
    'bin/tautline.mjs',
    'dist/main.js',
    'page/index.html',
    'schema/tautline.config.schema.json',
  ]) {
    assert.ok(existsSync(join(own, file)), file)
  }
  const files = readdirSync(own, { recursive: true, encoding: 'utf8' })
  assert.deepEqual(
    files.filter((file) => /^(src|test)\b|\.map$|\.tsbuildinfo$/.test(file)),
    [],
  )
})

test('config init writes a file that config check takes, with what is installed', () => {
  assert.equal(run(process.execPath, [bin, '--version']), '0.1.0\n')
  run(process.execPath, [bin, 'config', 'init'])
  assert.equal(run(process.execPath, [bin, 'config', 'check']), 'tautline.config.ts is right.\n')
  rmSync(join(folder, 'tautline.config.ts'))
})

test('serve --dev runs, and its page has every module of the client', async () => {
  const child = spawn(process.execPath, [bin, 'serve', '--dev', '--port', '0', '--log-format', 'json'], {
    ...{ cwd: folder, env: clean, stdio: ['ignore', 'pipe', 'inherit'] },
  })
  children.push(child)
  let output = ''
  const url = await new Promise<string>((resolve, reject) => {
    child.stdout?.on('data', (chunk: Buffer) => {
      output += chunk
      const line = output.split('\n').find((one) => one.includes('"listening"'))
      if (line !== undefined) resolve(JSON.parse(line).url)
    })
    child.once('exit', (code) => reject(new Error(`ended with ${code}`)))
  })
  const page = await (await fetch(url)).text()
  const { imports } = JSON.parse(/<script type="importmap">(.*?)<\/script>/.exec(page)?.[1] ?? '')
  const seen = new Set<string>()
  const look = async (path: string): Promise<void> => {
    if (seen.has(path)) return
    seen.add(path)
    const response = await fetch(new URL(path, url))
    assert.equal(response.status, 200, path)
    const text = await response.text()
    for (const [, name = ''] of text.matchAll(/^(?:import|export)[^'"]*?from '([^']+)'/gms)) {
      await look(
        name.startsWith('.') ? new URL(name, new URL(path, url)).pathname : (imports[name] ?? assert.fail(name)),
      )
    }
  }
  await look('/_tautline/tryout.js')
  assert.ok(seen.size > 20, String(seen.size))
  child.kill('SIGTERM')
  const code = await new Promise((resolve) => child.once('close', resolve))
  assert.equal(code, 0)
})
