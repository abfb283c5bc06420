import type { Ref } from '../../core/ref.js'
import { IDENTIFIER, SYNC } from './profile.js'
import { fieldIn, present, type ObjectName, type Schema } from './schema.js'

/** One object whose changes are told. */
export interface FeedObject {
  readonly name: string
  /** Null: its rows are no records of their own, only their opportunities are. */
  readonly kind: Ref['kind'] | null
  /** Which of its rows are ours; empty: any may be part of a deal. */
  readonly scope: string
  readonly fields: readonly string[]
  /** The field that names the opportunity, for rows that hang on one. */
  readonly lookup: string | null
}

/** Rows that carry the switch, or the identifier: what leaves the one while it is linked stays in the other. */
export function scopeOf(schema: Schema, object: 'Opportunity' | 'Lead'): string | null {
  const sync = fieldIn(schema, object, SYNC)?.name
  const identifier = fieldIn(schema, object, IDENTIFIER)?.name
  const terms = [...(sync === undefined ? [] : [`${sync} = true`]), ...(identifier === undefined ? [] : [`${identifier} != null`])]
  return terms.length === 0 ? null : terms.join(' OR ')
}
export function feedObjects(schema: Schema): FeedObject[] {
  const end = (object: 'Opportunity' | 'Lead', kind: Ref['kind'], fields: readonly string[]): FeedObject[] => {
    const scope = schema.objects[object] === null ? null : scopeOf(schema, object)
    return scope === null ? [] : [{ name: object, kind, scope, fields, lookup: null }]
  }
  const part = (name: ObjectName, kind: Ref['kind']): FeedObject => ({ name, kind, scope: '', fields: [], lookup: null })
  const { solutions } = schema
  return [
    ...end('Opportunity', 'opportunity', ['IsClosed']),
    ...end('Lead', 'lead', present(schema, 'Lead', ['IsConverted', 'ConvertedOpportunityId', 'MasterRecordId'])),
    part('Account', 'account'),
    part('Contact', 'contact'),
    ...(solutions === null ? [] : [child(solutions.name, 'solution', solutions.lookup)]),
    // A change of these leaves no trace on the opportunity itself.
    child('OpportunityContactRole', null, 'OpportunityId'),
    ...(schema.team === null ? [] : [child('OpportunityTeamMember', null, 'OpportunityId')]),
  ]
}
const child = (name: string, kind: FeedObject['kind'], lookup: string): FeedObject => ({ name, kind, scope: '', fields: [lookup], lookup })
export const isEnd = ({ kind }: FeedObject): boolean => kind === 'opportunity' || kind === 'lead'
