import type { LinkState } from '../api/types.js'

/** What stands in the address behind the question mark. Anything unknown there is left out, never an error. */
type Raw = Readonly<Record<string, unknown>>

export const STATES: readonly LinkState[] = ['in-sync', 'pending', 'needs-attention', 'stopped', 'unlinked']

const textIn = (raw: Raw, name: string): string | undefined => {
  const value = raw[name]
  return typeof value === 'string' && value !== '' ? value : typeof value === 'number' ? String(value) : undefined
}
function oneOf<Word extends string>(raw: Raw, name: string, words: readonly Word[]): Word | undefined {
  return words.find((word) => word === raw[name])
}
/** Members without a value are dropped, so that they do not show in the address. */
function tidy<T extends object>(search: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(search).filter(([, value]) => value !== undefined)) as never // the same members without the undefined ones
}

export const dealsSearch = (raw: Raw) =>
  tidy({
    search: textIn(raw, 'search'),
    state: oneOf(raw, 'state', STATES),
    kind: oneOf(raw, 'kind', ['opportunity', 'lead'] as const),
    reason: textIn(raw, 'reason'),
    waitsFor: oneOf(raw, 'waitsFor', ['us', 'microsoft'] as const),
    order: oneOf(raw, 'order', ['newest', 'due'] as const),
  })
export type DealsSearch = ReturnType<typeof dealsSearch>

export const AUDIT_SPANS = ['hour', 'day', 'week', 'all'] as const
export type AuditSpan = (typeof AUDIT_SPANS)[number]
const spanMs: Readonly<Record<Exclude<AuditSpan, 'all'>, number>> = { hour: 3_600_000, day: 86_400_000, week: 7 * 86_400_000 }
/** Whole minutes, so that a filter asks for the same thing while one looks at it. */
export const sinceOf = (span: AuditSpan | undefined): number | undefined =>
  span === undefined || span === 'all' ? undefined : Math.floor((Date.now() - spanMs[span]) / 60_000) * 60_000

export const attentionSearch = (raw: Raw) => tidy({ cause: textIn(raw, 'cause') })
export const OUTCOMES = ['settled', 'again', 'stopped'] as const
export const runsSearch = (raw: Raw) =>
  tidy({
    failed: raw['failed'] === true ? true : undefined,
    outcome: oneOf(raw, 'outcome', OUTCOMES),
    span: oneOf(raw, 'span', AUDIT_SPANS),
    deal: textIn(raw, 'deal'),
    tab: oneOf(raw, 'tab', ['dead'] as const),
  })
export type RunsSearch = ReturnType<typeof runsSearch>

export const MAPPING_TABS = ['opportunity', 'lead', 'try', 'versions'] as const
export const mappingSearch = (raw: Raw) => tidy({ tab: oneOf(raw, 'tab', MAPPING_TABS), deal: textIn(raw, 'deal') })

export const sandboxSearch = (raw: Raw) => tidy({ deal: textIn(raw, 'deal') })

export const auditSearch = (raw: Raw) =>
  tidy({
    search: textIn(raw, 'search'),
    deal: textIn(raw, 'deal'),
    kind: textIn(raw, 'kind'),
    by: textIn(raw, 'by'),
    span: oneOf(raw, 'span', AUDIT_SPANS),
  })
export type AuditSearch = ReturnType<typeof auditSearch>

/** Only a path of this console: an address of elsewhere would send people away right after they signed in. */
export const signInSearch = (raw: Raw) => {
  const next = textIn(raw, 'next')
  return tidy({ next: next !== undefined && /^\/(?![/\\])/.test(next) ? next : undefined })
}
