// `tautline serve`: its options and its help. What it does is in serve/.

import { Command, InvalidArgumentError, Option } from 'commander'
import type { ServeOptions } from '../serve/run.ts'

export function serveCommand(): Command {
  return new Command('serve')
    .description('runs a realtime server')
    .option('-c, --config <file>', 'the configuration (default: tautline.config.ts or .json of this folder)')
    .option('-p, --port <port>', 'the public port; 0 takes a free one', readPort)
    .option('--host <address>', 'the address to listen on')
    .option('--dev', 'for development: this machine only, everybody may do everything, a page to try it out')
    .option('--tls', 'with --dev: TLS with a certificate that is made on the first run')
    .option('--store <file>', 'keep the logs of channels in this SQLite file')
    .option('--monitoring-port <port>', '/health, /ready and /metrics on this port; 0 takes a free one', readPort)
    .addOption(
      new Option('--log-level <level>', 'what is written').choices(['debug', 'info', 'warn', 'error', 'silent']),
    )
    .addOption(
      new Option('--log-format <format>', 'one JSON line per event, or for reading').choices(['json', 'pretty']),
    )
    .addHelpText(
      'after',
      `
Flags win over environment variables, these over the file. Every setting has a variable:
admission.perUser is TAUTLINE_ADMISSION__PER_USER (tautline config variables lists them).

Signals: HUP reads the configuration again and drops nobody; TERM and INT stop gracefully, a second one at once.

Examples:
  $ tautline serve --dev                         try it out on http://localhost:8080
  $ tautline serve --dev --tls                   the same with https and wss
  $ tautline serve                               with ./tautline.config.ts or .json
  $ tautline serve -c deploy/realtime.json -p 0  another file, a free port
  $ TAUTLINE_LOG__LEVEL=debug tautline serve`,
    )
    .action(async (options: ServeOptions) => {
      const { serve } = await import('../serve/run.ts')
      await serve(options)
    })
}

function readPort(text: string): number {
  const value = Number(text)
  if (/^\d{1,5}$/.test(text) && value <= 65_535) return value
  throw new InvalidArgumentError('It must be a number from 0 to 65535.')
}
