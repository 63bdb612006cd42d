// Which case has to notice what: for each title the brokers that are wrong in that respect.

import type { Page } from '@tautline/broker'
import {
  AttachesLate,
  altering,
  answering,
  BoastfulFacts,
  type BrokerClass,
  CutsNames,
  DuplicateAtHead,
  dropping,
  IgnoresBytes,
  LosesSome,
  LoudControl,
  misquoting,
  NeverDetaches,
  Reverses,
  ruledBy,
  SameEpoch,
  SkewedBack,
  StaleHeads,
  StopsAtRefusal,
  StoresCasts,
  StoresTwice,
  StubbornControl,
  ThrowsWhenClosed,
  WidePatterns,
  WithoutIds,
} from './broken-brokers.ts'

const forgetful = altering(({ key: _, ...append }) => append)
const jumping = answering((page, _after, again) =>
  page.proof === 'absent' && page.why === 'trimmed' ? again('start') : page,
)
const withoutEdge = answering((page, after) =>
  page.proof === 'match' && after !== 'start' && page.entries.length === 5 ? trimmed(page) : page,
)
const withoutAnchor = answering(async (page, after, again) => {
  const all = await again('start')
  const empty = all.proof === 'match' && all.entries.length === 0
  return after !== 'start' && after.id !== '' && empty ? trimmed(page) : page
})

function trimmed(page: Page): Page {
  return { proof: 'absent', why: 'trimmed', head: page.head }
}

/** Title of a case → what is wrong with a broker, and the broker. */
export const brokenTable: Readonly<Record<string, Readonly<Record<string, BrokerClass>>>> = {
  'the facts are of the kinds that the contract knows': { 'claims what there is not': BoastfulFacts },
  'an entry comes back as it was stored, on either node': {
    'drops the state key': altering(({ state: _, ...append }) => append),
    'stores bytes as text': altering((append) => ({ ...append, body: { json: append.body.json ?? '""' } })),
  },
  'two nodes append at once: no position twice, every acknowledged entry once, each publisher in its order': {
    'stores a batch backwards': Reverses,
    'acknowledges what it does not store': LosesSome,
    'stores some entries twice': StoresTwice,
  },
  'every position of an append proves itself and is followed by exactly what came after it': {
    'leaves out the newest entry': answering((page) =>
      page.proof === 'match' ? { ...page, entries: page.entries.slice(0, -1) } : page,
    ),
    'leaves out the oldest entry': answering((page) =>
      page.proof === 'match' ? { ...page, entries: page.entries.slice(1) } : page,
    ),
  },
  'pages forward chain, hold no more than the limit, and say exactly whether there is more': {
    'never says that there is more': answering((page) => (page.proof === 'match' ? { ...page, more: false } : page)),
    'always says that there is more': answering((page) => (page.proof === 'match' ? { ...page, more: true } : page)),
  },
  'a page holds about the bytes asked for, and one entry in any case': { 'fills pages without end': IgnoresBytes },
  'pages backward cover the log from the head to its beginning, each starting where the next one ends': {
    'starts backward pages one too late': SkewedBack,
  },
  'an unwritten channel has a position that its first entry follows': {
    'forgets the first fence': answering((page) =>
      page.proof === 'match' ? { ...page, entries: page.entries.map(({ fence: _, ...entry }) => entry) } : page,
    ),
  },
  'an unwritten position that is not of this store is absent': {
    'believes any position at the beginning': answering((page, after, again) =>
      after !== 'start' && after.offset === 0 ? again('start') : page,
    ),
  },
  'heads answers authoritatively for many channels, in the order asked': { 'answers heads from a cache': StaleHeads },
  'a position that the log does not have is never proved': {
    'says match by default': answering((page, _after, again) => (page.proof === 'absent' ? again('start') : page)),
    'proves by (epoch, offset) alone': WithoutIds,
  },
  'channels do not know each other': { 'mixes channels': CutsNames },
  'a key that is known gives the first position, on either node, and stores nothing': {
    'forgets keys': forgetful,
    'answers a duplicate with the head': DuplicateAtHead,
  },
  'the same publication sent to two nodes at once, three times, is stored once': { 'forgets keys': forgetful },
  'a key twice in one batch is stored once': { 'forgets keys': forgetful },
  'a known key with another hash is a key-conflict and stores nothing': {
    'takes another hash for a duplicate': altering((append) => ({ ...append, hash: '' })),
  },
  'a key counts within its scope and its channel, and no scope can spell the key of another': {
    'ignores scopes': altering((append) => ({ ...append, scope: '' })),
    'joins scope and key': altering((append) => ({ ...append, scope: '', key: `${append.scope}:${append.key ?? ''}` })),
  },
  'a key is known until its window ends, also when its entry is no longer served, and is accepted anew afterwards': {
    'lets keys end with their entries': ruledBy((rule) => ({ ...rule, window: Math.min(rule.window, rule.ttl) })),
    'keeps keys for ever': ruledBy((rule) => ({ ...rule, window: rule.window * 100 })),
  },
  'past `expires` an unknown key is key-expired and nothing is stored': {
    'ignores `expires`': altering((append) => ({ ...append, expires: Number.MAX_VALUE })),
  },
  'refusals in a batch leave the rest stored, contiguous and in order': { 'stops at a refusal': StopsAtRefusal },
  'size is exact when reading: forward, backward and after a smaller rule': {
    'serves one entry too many': ruledBy((rule) => ({ ...rule, size: rule.size + 1 })),
    'serves one entry too few': ruledBy((rule) => ({ ...rule, size: rule.size - 1 })),
  },
  'the position before the oldest entry served proves itself; those before it are trimmed': {
    'retains no entry beyond size': withoutEdge,
    'jumps over what was trimmed': jumping,
  },
  'age is exact when reading; the position of the last expired entry still proves itself': {
    'serves what has expired': ruledBy((rule) => ({ ...rule, ttl: rule.ttl * 2 })),
    'lets entries expire early': ruledBy((rule) => ({ ...rule, ttl: rule.ttl / 2 })),
  },
  'the newest position outlives all data: it matches, older ones are trimmed, and the log goes on from it': {
    'forgets the anchor with its data': withoutAnchor,
  },
  'a reader whom trimming overtakes is told; what it got until then has no hole': {
    'jumps over what was trimmed': jumping,
  },
  'whoever is attached hears the entries of both nodes, as the log has them, and nothing after detaching': {
    'drops from the feed': dropping,
    'goes on telling who has detached': NeverDetaches,
    'tells something else than it stores': misquoting,
  },
  'attaching while others publish: no hole between the head read after attaching and the feed': {
    'drops from the feed': dropping,
    'resolves attach before the feed is on': AttachesLate,
  },
  'a cast is heard on both nodes and stored nowhere': { 'stores casts': StoresCasts },
  'a pattern hears its channels and no others, or is refused as unsupported': {
    'hears too much with a pattern': WidePatterns,
  },
  'control reaches the node named, all others with *, and nobody else': { 'sends control to everybody': LoudControl },
  'who stopped listening to control hears nothing any more, and another may take the name': {
    'never stops listening': StubbornControl,
  },
  'close finishes the appends under way; afterwards appends fail as unavailable and reads reject': {
    'rejects appends once closed': ThrowsWhenClosed,
  },
  'after losing everything no position of before is proved, and none is given to another entry': {
    'keeps its epoch through a loss': SameEpoch,
  },
  'a store that went back never proves a position whose entry vanished, whatever is written afterwards': {
    'proves by (epoch, offset) alone': WithoutIds,
  },
  'random rollbacks: a position is proved only while its entry is in the log': {
    'proves by (epoch, offset) alone': WithoutIds,
  },
}
