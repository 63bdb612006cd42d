// The query of a URL as an object for its shape: numbers are read as such, positions are JSON (as the document says:
// `content: application/json`). What does not read stays text, for the shape to refuse.

import { z } from 'zod'
import { parseJson } from './body.ts'
import { fieldsOf, unknownField } from './check.ts'
import { Refusal } from './refusal.ts'

/** A position has one level, and three keys. */
const LIMITS = { bytes: 1_024, depth: 2, keys: 8 }

/** Is a parameter of this shape written as JSON? */
export function isJson(shape: z.ZodType): boolean {
  return bare(shape) instanceof z.ZodObject
}

/** @throws Refusal for a name that is none, one that comes twice, and JSON that is none */
export function readQuery(url: URL, shape: z.ZodObject): Record<string, unknown> {
  const known = fieldsOf(shape)
  const values: Record<string, unknown> = {}
  for (const [name, text] of url.searchParams) {
    if (!known.includes(name)) throw unknownField(name, known)
    if (Object.hasOwn(values, name)) throw new Refusal('bad-request', `${name} is there twice`, { field: name })
    values[name] = read(name, text, shape.shape[name] as z.ZodType)
  }
  return values
}

function read(name: string, text: string, shape: z.ZodType): unknown {
  if (isJson(shape)) {
    try {
      return parseJson(text, LIMITS)
    } catch {
      const how = 'must be a position in JSON, as history and publish give them, percent-encoded'
      throw new Refusal('bad-request', `${name} ${how}`, { field: name })
    }
  }
  if (bare(shape) instanceof z.ZodNumber && /^-?\d{1,16}$/.test(text)) return Number(text)
  return text
}

function bare(shape: z.ZodType): z.ZodType {
  return shape instanceof z.ZodOptional ? (shape.unwrap() as z.ZodType) : shape
}
