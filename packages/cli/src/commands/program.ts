// All commands of `tautline`, and what they have in common: help with examples, suggestions, exit codes.

import { readFileSync } from 'node:fs'
import { Command } from 'commander'
import { configCommand } from './config.ts'
import { contractCommand } from './contract.ts'
import { serveCommand } from './serve.ts'
import { tokenCommand } from './token.ts'

export function createProgram(): Command {
  const program = new Command('tautline')
    .description('Tautline: a realtime server, its configuration, its contract.')
    .version(version(), '-v, --version', 'print the version')
    .helpOption('-h, --help', 'show help')
    .showHelpAfterError('(tautline --help shows what there is)')
    .addHelpText(
      'after',
      `
Examples:
  $ tautline serve --dev              a server to try out, on this machine only
  $ tautline config init              write a first configuration
  $ tautline config check             is it right?
  $ tautline serve                    run it, with ./tautline.config.ts or .json

Exit codes: 0 done, 1 failed, 2 the command line or the configuration is wrong,
3 a contract changed in a way that breaks clients. Guide: docs/guides/serve.md`,
    )
  for (const command of [serveCommand(), configCommand(), tokenCommand(), contractCommand()])
    program.addCommand(command)
  settle(program)
  return program
}

/** Every command throws instead of ending the process, and explains itself. */
function settle(command: Command): void {
  command.exitOverride().showSuggestionAfterError(true).configureHelp({ sortOptions: false })
  for (const below of command.commands) {
    below.helpOption('-h, --help', 'show help').showHelpAfterError(`(${pathOf(below)} --help shows what there is)`)
    settle(below)
  }
}

function pathOf(command: Command): string {
  return command.parent === null ? command.name() : `${pathOf(command.parent)} ${command.name()}`
}

function version(): string {
  const { version: own } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'))
  return String(own)
}
