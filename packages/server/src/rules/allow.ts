// Who may do what with a channel, as a configuration says it. What it means for somebody is decided in access/.

import type { Json } from '@tautline/wire'
import type { Action } from '../options.ts'

/**
 * Who may: 'everyone', also clients that are nobody; 'users', whoever has a user id; 'rights', whose grant has a right for
 * it; 'token', who brings a token for the channel; `{ claims }`, whose claims are equal to all that are named (a list: one
 * of them; a claim that is a list: it holds it); 'nobody', whatever a hook says. Of a list, one is enough.
 */
export type Allow = AllowOne | 'nobody' | readonly AllowOne[]

export type AllowOne = 'everyone' | 'users' | 'rights' | 'token' | { readonly claims: Readonly<Record<string, Json>> }

/** One for all actions, or one for each; an action that is left out has the server's default. */
export type AllowByAction = Allow | { readonly [action in Action]?: Allow }
