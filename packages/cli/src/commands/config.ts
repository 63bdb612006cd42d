// `tautline config`: check a configuration, print its JSON Schema, write a first one.

import { existsSync, writeFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { Command } from 'commander'
import { STARTERS } from '../config/starter.ts'
import { CommandError, EXIT } from './exit.ts'

export function configCommand(): Command {
  const config = new Command('config').description('check, describe or begin a configuration').addHelpText(
    'after',
    `
Examples:
  $ tautline config init              write ./tautline.config.ts
  $ tautline config check             all that is wrong with it, with file:line:column
  $ tautline config schema            its JSON Schema, for editors
  $ tautline config variables         the environment variable of every setting`,
  )
  config.addCommand(checkCommand())
  config.addCommand(initCommand())
  config.addCommand(schemaCommand())
  config.addCommand(variablesCommand())
  return config
}

function checkCommand(): Command {
  return new Command('check')
    .description('says all that is wrong with a configuration, environment variables included')
    .argument('[file]', 'default: tautline.config.ts or .json of this folder')
    .addHelpText(
      'after',
      `
Every problem is one line: file:line:column, the setting, what is expected and what was probably meant.
Ends with 0 when there is none, with 2 otherwise.

Examples:
  $ tautline config check
  $ tautline config check deploy/tautline.config.json
  $ TAUTLINE_ADMISSION__CONNECTIONS=5000 tautline config check`,
    )
    .action(async (file: string | undefined) => {
      const { loadConfig } = await import('../config/load.ts')
      const loaded = await loadConfig({ file, folder: process.cwd(), environment: process.env, flags: [] })
      if (loaded.name === null) {
        throw new CommandError(
          'There is no tautline.config.ts or .json here. `tautline config init` writes a first one.',
          EXIT.wrong,
        )
      }
      const { rehearse } = await import('../serve/rehearse.ts')
      await rehearse(loaded)
      process.stdout.write(`${loaded.name} is right.\n`)
    })
}

function initCommand(): Command {
  return new Command('init')
    .description('writes a commented configuration to begin with')
    .option('--json', 'as JSON with comments instead of TypeScript')
    .option('--force', 'replace a file that is there')
    .addHelpText(
      'after',
      `
Examples:
  $ tautline config init              ./tautline.config.ts
  $ tautline config init --json       ./tautline.config.json`,
    )
    .action(({ json = false, force = false }: { json?: boolean; force?: boolean }) => {
      const name = json ? 'tautline.config.json' : 'tautline.config.ts'
      const file = resolve(process.cwd(), name)
      if (existsSync(file) && !force) {
        throw new CommandError(`${name} is there already: say --force to replace it.`, EXIT.wrong)
      }
      writeFileSync(file, json ? STARTERS.json : STARTERS.ts)
      process.stdout.write(`${name} is written. Next: tautline config check, then tautline serve --dev\n`)
    })
}

function schemaCommand(): Command {
  return new Command('schema')
    .description('prints the JSON Schema of the configuration')
    .addHelpText(
      'after',
      `
Editors complete and check a tautline.config.json whose "$schema" names it.

Examples:
  $ tautline config schema > tautline.config.schema.json`,
    )
    .action(async () => {
      const { JSON_SCHEMA } = await import('../config/json-schema.ts')
      process.stdout.write(`${JSON.stringify(JSON_SCHEMA, null, 2)}\n`)
    })
}

function variablesCommand(): Command {
  return new Command('variables')
    .description('lists the environment variable of every setting')
    .addHelpText(
      'after',
      `
The rule: TAUTLINE_, then the path in capitals, levels joined by two underscores. Elements of lists have numbers
(TAUTLINE_JWT__ISSUERS__0__SECRET); a whole list is comma-separated or JSON, an object is JSON.

Examples:
  $ tautline config variables
  $ TAUTLINE_PORT=8081 TAUTLINE_ORIGINS=https://app.example.com tautline serve`,
    )
    .action(async () => {
      const { described } = await import('../config/environment.ts')
      for (const [name, text] of described()) process.stdout.write(`${`${name}  ${text}`.trimEnd()}\n`)
    })
}
