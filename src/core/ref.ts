declare const brand: unique symbol
/** A nominal type: a plain value that cannot be mixed up with another of the same shape. */
export type Brand<T, Name extends string> = T & { readonly [brand]: Name }

/** Milliseconds since 1970-01-01T00:00:00Z. */
export type Instant = number
export type LinkId = Brand<string, 'LinkId'>
/** What a remote system calls the version of a record (an ETag, several packed together, a modification time). Equality only. */
export type Version = Brand<string, 'Version'>

/** The two parties that are kept the same. */
export type Side = 'partner' | 'crm'
export const SIDES: readonly [Side, Side] = ['partner', 'crm']
export const otherSide = (side: Side): Side => (side === 'partner' ? 'crm' : 'partner')

/** Records that can be one end of a link. */
export type EndKind = 'referral' | 'opportunity' | 'lead'
/** Records that a deal's picture is made of besides its ends; a change of one is a hint for the deal. */
export type PartKind = 'account' | 'contact' | 'solution'

/** Names one remote record. `id` is the remote system's own, in its canonical spelling (lower-case GUIDs, 18-character ids). */
export interface Ref<Kind extends EndKind | PartKind = EndKind | PartKind> {
  readonly side: Side
  readonly kind: Kind
  readonly id: string
}
export type EndRef = Ref<EndKind>

export const asLinkId = (id: string): LinkId => id as LinkId // the one door into the brand
export const asVersion = (version: string): Version => version as Version // the one door into the brand

export const isEndRef = (ref: Ref): ref is EndRef => ref.kind === 'referral' || ref.kind === 'opportunity' || ref.kind === 'lead'
export const sameRef = (a: Ref | null, b: Ref | null): boolean =>
  a === b || (a !== null && b !== null && a.side === b.side && a.kind === b.kind && a.id === b.id)
/** One string per record, for maps and unique columns. */
export const refKey = (ref: Ref): string => `${ref.side}:${ref.kind}:${ref.id}`

/** Makes a forgotten case of a union a compile error, and a corrupt value a loud one. */
export function assertNever(value: never): never {
  throw new Error(`Unexpected value: ${JSON.stringify(value)}`)
}
