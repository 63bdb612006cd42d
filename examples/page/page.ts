// What all examples show: one page, and its script with @tautline/client in it. An application has a bundler of its own.
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { build, defaultClientConditions, type Rolldown } from 'vite'

export const html: string = readFileSync(new URL('page.html', import.meta.url), 'utf8')

const built = await build({
  configFile: false,
  logLevel: 'error',
  root: fileURLToPath(new URL('.', import.meta.url)),
  resolve: { conditions: ['tautline-source', ...defaultClientConditions] },
  build: {
    write: false,
    target: 'es2022',
    modulePreload: false,
    rolldownOptions: { input: fileURLToPath(new URL('main.js', import.meta.url)) },
  },
})

export const script: string = (built as Rolldown.RolldownOutput).output[0].code
