// Which pattern of a contract holds for a channel's name, as types: the same order as patterns.ts. Types only.
//
// A name that is known in part only (`chat:${string}`) is taken like a pattern: each open segment is one segment of any
// text. Then, as for a subscription to a pattern, several patterns may hold; a reader has to be ready for each of them.

type Wild = '*' | '$user'

/** Does the pattern's segment stand for each text the name's segment may be? */
type Covers<P extends string, N extends string> = N extends '**'
  ? false
  : P extends Wild
    ? true
    : N extends P
      ? true
      : false

/** May both stand for the same text? */
type Meets<P extends string, N extends string> =
  Covers<P, N> extends true ? true : N extends Wild ? true : P extends N ? true : false

/** Does every channel of the name belong to the pattern? */
type Contains<P extends string, N extends string> = P extends '**'
  ? true
  : P extends `${infer PH}:${infer PR}`
    ? N extends `${infer NH}:${infer NR}`
      ? Covers<PH, NH> extends true
        ? Contains<PR, NR>
        : false
      : false
    : N extends `${string}:${string}`
      ? false
      : Covers<P, N>

/** May a channel of the name belong to the pattern? */
type Overlaps<P extends string, N extends string> = P extends '**'
  ? true
  : N extends '**'
    ? true
    : P extends `${infer PH}:${infer PR}`
      ? N extends `${infer NH}:${infer NR}`
        ? Meets<PH, NH> extends true
          ? Overlaps<PR, NR>
          : false
        : false
      : N extends `${string}:${string}`
        ? false
        : Meets<P, N>

type Kind<S extends string> = S extends '**' ? 'rest' : S extends Wild ? 'one' : 'literal'

/** Is the left kind of segment the more specific one? */
type Before<A, B> = A extends 'literal'
  ? B extends 'literal'
    ? false
    : true
  : A extends 'one'
    ? B extends 'rest'
      ? true
      : false
    : false

/** Of two patterns that cover the same name: is the left one more specific? */
type MoreSpecific<A extends string, B extends string> = A extends `${infer AH}:${infer AR}`
  ? B extends `${infer BH}:${infer BR}`
    ? Kind<AH> extends Kind<BH>
      ? MoreSpecific<AR, BR>
      : Before<Kind<AH>, Kind<BH>>
    : Before<Kind<AH>, Kind<B>>
  : B extends `${infer BH}:${string}`
    ? Before<Kind<A>, Kind<BH>>
    : Before<Kind<A>, Kind<B>>

/** The patterns that contain the name. */
type Containing<P extends string, N extends string> = P extends string
  ? Contains<P, N> extends true
    ? P
    : never
  : never

/** Is one of the patterns `C`, which all contain the name, more specific than `P`? */
type IsShadowed<C extends string, P extends string> = true extends (C extends string ? MoreSpecific<C, P> : never)
  ? true
  : false

type Unshadowed<P extends string, N extends string, C extends string> = P extends string
  ? Overlaps<P, N> extends true
    ? IsShadowed<C, P> extends true
      ? never
      : P
    : never
  : never

/**
 * Those of the patterns that hold for a name: one for a name that is known, perhaps several for a pattern. never: the
 * name, or some channel of the pattern, is not covered.
 */
export type Holding<P extends string, N extends string> = string extends P
  ? never
  : N extends string
    ? [Containing<P, N>] extends [never]
      ? never
      : Unshadowed<P, N, Containing<P, N>>
    : never
