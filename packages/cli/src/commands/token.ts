// `tautline token`: a token for development, signed with the secret of the configuration.

import { Command } from 'commander'
import { CommandError, EXIT } from './exit.ts'

interface TokenOptions {
  readonly config?: string
  readonly user?: string
  readonly issuer?: string
  readonly expires: string
  readonly channel?: string
  readonly id?: string
  readonly info?: string
  readonly rights?: string
}

export function tokenCommand(): Command {
  return new Command('token')
    .description('signs a token with the HS secret of the configuration, to try something out')
    .option('-c, --config <file>', 'the configuration')
    .option('-u, --user <id>', 'who it is for')
    .option('--issuer <issuer>', 'which of several issuers (default: the first with a secret)')
    .option('--expires <duration>', 'how long it is good for', '1h')
    .option('--channel <name>', 'makes it a token for this channel or pattern, not one to connect with')
    .option('--id <id>', 'its jti, by which it can be revoked')
    .option('--info <json>', 'what others see of the user')
    .option('--rights <json>', 'what the user may do')
    .addHelpText(
      'after',
      `
The token alone is printed, so that it can be used in a command. Whoever has it is that user: do not paste it anywhere.

Examples:
  $ tautline token --user ann
  $ tautline token --user ann --expires 5m --rights '[{ "channels": "chat:*" }]'
  $ tautline token --user ann --channel chat:42
  $ TOKEN=$(tautline token --user ann) node client.js`,
    )
    .action(async (options: TokenOptions) => {
      process.stdout.write(`${await sign(options)}\n`)
    })
}

async function sign(options: TokenOptions): Promise<string> {
  const { loadConfig } = await import('../config/load.ts')
  const { config } = await loadConfig({
    file: options.config,
    folder: process.cwd(),
    environment: process.env,
    flags: [],
  })
  const issuer = (config.jwt?.issuers ?? []).find(
    (one) => one.secret !== undefined && (options.issuer === undefined || one.issuer === options.issuer),
  )
  if (issuer === undefined) {
    throw new CommandError(
      'No issuer of the configuration has a secret to sign with (jwt.issuers, algorithms HS256 …).',
      EXIT.wrong,
    )
  }
  const algorithm = issuer.algorithms[0]
  const [secret] = [issuer.secret].flat()
  const { signToken } = await import('@tautline/server/jwt')
  const { user, channel, id, expires } = options
  const content = {
    ...{ issuer: issuer.issuer, audience: issuer.audience, expires },
    ...(user === undefined ? null : { user }),
    ...(channel === undefined ? null : { channel }),
    ...(id === undefined ? null : { id }),
    ...(options.info === undefined ? null : { info: readJson('--info', options.info) }),
    ...(options.rights === undefined ? null : { rights: readJson('--rights', options.rights) }),
  }
  try {
    return await signToken(
      content as Parameters<typeof signToken>[0],
      {
        algorithm,
        secret: secret as string,
      } as Parameters<typeof signToken>[1],
    )
  } catch (error) {
    throw new CommandError(`The token cannot be signed: ${(error as Error).message}`, EXIT.wrong)
  }
}

function readJson(flag: string, text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw new CommandError(`${flag} must be JSON.`, EXIT.wrong)
  }
}
