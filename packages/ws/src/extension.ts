// `extension` of ws: the Sec-WebSocket-Extensions header as objects, both ways. Objects without a prototype, for names
// come from the peer.

import { parseExtensions } from '@tautline/websocket/face'

/** Values by name of the parameter, each as often as it stands there; `true` where it has no value. */
export type ExtensionParameters = Record<string, (string | true)[]>

/**
 * The offers by name of the extension.
 *
 * @throws SyntaxError for what is not RFC 6455 §9.1
 */
export function parse(header: string): Record<string, ExtensionParameters[]> {
  const list = parseExtensions(header)
  if (list === null) throw new SyntaxError('Unexpected character or end of input in a list of extensions')
  const offers: Record<string, ExtensionParameters[]> = Object.create(null)
  for (const { name, parameters } of list) {
    const values: ExtensionParameters = Object.create(null)
    for (const [parameter, value] of parameters) append(values, parameter, value)
    append(offers, name, values)
  }
  return offers
}

function append<Value>(into: Record<string, Value[]>, name: string, value: Value): void {
  const list = into[name]
  if (list === undefined) into[name] = [value]
  else list.push(value)
}

type ParameterValue = string | number | boolean

/** What `format` takes: parameters, or a list of alternatives. */
export type FormattedExtension = Readonly<Record<string, ParameterValue | readonly ParameterValue[]>>

/** The header's value for extensions and their parameters. */
export function format(
  extensions: Readonly<Record<string, FormattedExtension | readonly FormattedExtension[]>>,
): string {
  const members: string[] = []
  for (const [name, alternatives] of Object.entries(extensions)) {
    for (const parameters of arrayOf(alternatives)) members.push([name, ...formatParameters(parameters)].join('; '))
  }
  return members.join(', ')
}

function formatParameters(parameters: FormattedExtension): string[] {
  return Object.entries(parameters).flatMap(([name, values]) =>
    arrayOf(values).map((value) => (value === true ? name : `${name}=${value}`)),
  )
}

function arrayOf<Value>(value: Value | readonly Value[]): readonly Value[] {
  return Array.isArray(value) ? (value as readonly Value[]) : [value as Value]
}
