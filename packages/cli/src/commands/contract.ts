// `tautline contract`: writes a contract down, and says what of a newer one would break clients that are deployed.

import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { extname, resolve } from 'node:path'
import type { ContractDocument, Finding } from '@tautline/contract/diff'
import { Command } from 'commander'
import { loadContract } from '../serve/contract.ts'
import { CommandError, EXIT } from './exit.ts'

export function contractCommand(): Command {
  const contract = new Command('contract').description('write a contract down, compare two').addHelpText(
    'after',
    `
Examples:
  $ tautline contract export src/contract.ts -o contract.json
  $ tautline contract diff contract.json src/contract.ts`,
  )
  contract.addCommand(exportCommand())
  contract.addCommand(diffCommand())
  return contract
}

interface ExportOptions {
  readonly output?: string
  readonly asyncapi?: boolean
  readonly title?: string
  readonly apiVersion?: string
}

function exportCommand(): Command {
  return new Command('export')
    .description('writes a contract as JSON, to be kept and compared, or as an AsyncAPI document')
    .argument('<module>', 'a module that exports `contract`, or has it as default export')
    .option('-o, --output <file>', 'write to this file (default: print)')
    .option('--asyncapi', 'as an AsyncAPI document')
    .option('--title <title>', 'title of the AsyncAPI document', 'Realtime API')
    .option('--api-version <version>', 'version of the AsyncAPI document', '1.0.0')
    .addHelpText(
      'after',
      `
Keep what is exported beside the code: the next \`tautline contract diff\` compares with it.

Examples:
  $ tautline contract export src/contract.ts -o contract.json
  $ tautline contract export src/contract.ts --asyncapi --title Shop --api-version 2.1.0`,
    )
    .action(async (module: string, options: ExportOptions) => {
      const file = existing(module)
      if (extname(file) === '.json') {
        throw new CommandError(`${module} is no module: name the one that it was exported from.`, EXIT.wrong)
      }
      const loaded = await explained(module, () => loadContract(file))
      const { title = '', apiVersion: version = '' } = options
      const { asyncapi } = await import('@tautline/contract/asyncapi')
      const { exportContract } = await import('@tautline/contract/diff')
      const document = await explained(module, () =>
        options.asyncapi === true ? asyncapi(loaded, { title, version }) : exportContract(loaded),
      )
      const text = `${JSON.stringify(document, null, 2)}\n`
      if (options.output === undefined) process.stdout.write(text)
      else write(options.output, text)
    })
}

function write(name: string, text: string): void {
  try {
    writeFileSync(resolve(process.cwd(), name), text)
  } catch (error) {
    throw new CommandError(`${name} cannot be written: ${(error as Error).message}`)
  }
}

function diffCommand(): Command {
  return new Command('diff')
    .description('says what would break clients that are deployed')
    .argument('<old>', 'what clients were built with: an exported contract, or a module')
    .argument('<new>', 'what the server is about to have')
    .option('--allow-unknown', 'end with 0 where it cannot be told whether something breaks')
    .addHelpText(
      'after',
      `
Ends with 0 when nothing breaks, with 3 when something does, or (without --allow-unknown) might.

Examples:
  $ tautline contract diff contract.json src/contract.ts
  $ git show main:contract.json > /tmp/old.json && tautline contract diff /tmp/old.json contract.json`,
    )
    .action(async (before: string, after: string, { allowUnknown = false }: { allowUnknown?: boolean }) => {
      const { diffContracts } = await import('@tautline/contract/diff')
      const findings = diffContracts(await readContract(before), await readContract(after))
      for (const finding of findings) process.stdout.write(`${line(finding)}\n`)
      const count = (kind: Finding['kind']): number => findings.filter((finding) => finding.kind === kind).length
      const [breaking, unknown] = [count('breaking'), count('unknown')]
      process.stdout.write(`${breaking} breaking, ${unknown} unknown, ${count('safe')} safe\n`)
      if (breaking > 0 || (unknown > 0 && !allowUnknown)) process.exitCode = EXIT.breaking
    })
}

function line({ kind, where, what, why }: Finding): string {
  return `${kind.padEnd(8)}  ${where}  ${what}: ${why}`
}

async function readContract(given: string): Promise<ContractDocument> {
  const { exportContract, readDocument } = await import('@tautline/contract/diff')
  const file = existing(given)
  if (extname(file) !== '.json') return explained(given, async () => exportContract(await loadContract(file)))
  return explained(given, () => readDocument(JSON.parse(readFileSync(file, 'utf8'))))
}

function existing(given: string): string {
  const file = resolve(process.cwd(), given)
  if (!existsSync(file)) throw new CommandError(`${given} is not there.`, EXIT.wrong)
  return file
}

/** What a module or document is refused for, behind its name. */
async function explained<T>(name: string, read: () => T | Promise<T>): Promise<T> {
  try {
    return await read()
  } catch (error) {
    throw new CommandError(`${name} ${(error as Error).message}`, EXIT.wrong)
  }
}
