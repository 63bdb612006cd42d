// Why a token is not accepted, as its bearer is told: what is wrong with it, never what is in it.

import { RealtimeError } from '@tautline/wire'

const TEXTS = {
  missing: 'a token is required',
  twice: 'two tokens were brought: which one counts?',
  'too-large': 'the token is too long',
  malformed: 'the token is no JWT',
  header: 'the header of the token asks for what this server does not do',
  issuer: 'the token is from nobody who is trusted here',
  algorithm: 'the token is signed by an algorithm that is not accepted',
  key: 'the token is signed with no key of its issuer',
  signature: 'the signature of the token is wrong',
  purpose: 'the token is for another purpose',
  audience: 'the token is for another server',
  expiry: 'the token does not say when it ends',
  early: 'the token is not valid yet',
  claims: 'a claim of the token is not what it must be',
  user: 'the token is for another user',
  channel: 'the token is for another channel',
} as const

export type Refusal = keyof typeof TEXTS

/** @returns the error that a client gets */
export function refused(why: Refusal): RealtimeError {
  return new RealtimeError('unauthorized', TEXTS[why])
}

export function expired(): RealtimeError {
  return new RealtimeError('token-expired')
}
