import { convertLead, type Conversion, type Converted } from './convert.js'
import { fullId, isoStamp, type Scalar } from './model.js'
import { atomically, objectNamed, put, type Org } from './org.js'
import { insert, remove, rowOf, undelete, update, type Values } from './rows.js'

/** What people in the org do: sellers who edit, administrators who merge and delete. Every act has its author. */
export interface People {
  create(object: string, values: Values, by?: string): string
  edit(object: string, id: string, values: Values, by?: string): void
  remove(object: string, id: string, by?: string): void
  undelete(object: string, id: string, by?: string): void
  /** Empties the recycle bin of one record: only the log of deletions knows it from then on. */
  purge(object: string, id: string): void
  /** The others go into the recycle bin and name the winner; what hung on them hangs on it. */
  merge(object: 'Account' | 'Contact' | 'Lead', winner: string, losers: readonly string[], by?: string): void
  convert(leadId: string, by?: string): Converted
  /** A conversion into an opportunity that is there already, or (null) into none. */
  convertInto(leadId: string, opportunityId: string | null, by?: string): Converted
  /** Products on an opportunity decide its amount from then on. */
  addProducts(opportunityId: string, amount: number, by?: string): void
  user(email: string): string
}

export function people(org: Org): People {
  const seller = (): string => [...objectNamed(org, 'User').rows.keys()].find((id) => id !== org.integrationUser) ?? org.integrationUser
  const as = <T>(by: string | undefined, work: () => T): T => {
    const before = org.author
    org.author = by ?? seller()
    try {
      return atomically(org, work)
    } finally {
      org.author = before
    }
  }
  const row = (object: string, id: string) => rowOf(org, objectNamed(org, object), id)
  return {
    create: (object, values, by) => as(by, () => insert(org, objectNamed(org, object), values)),
    edit: (object, id, values, by) => as(by, () => update(org, objectNamed(org, object), row(object, id), values)),
    remove: (object, id, by) => as(by, () => remove(org, objectNamed(org, object), row(object, id))),
    purge(name, id) {
      const object = objectNamed(org, name)
      const stamp = object.rows.get(id)?.values['SystemModstamp']
      object.rows.delete(id)
      org.purged.set(id, { object: object.name, deletedAt: String(stamp) })
    },
    undelete: (object, id, by) => as(by, () => undelete(org, objectNamed(org, object), fullId(id) ?? id)),
    merge: (object, winner, losers, by) =>
      as(by, () => {
        mergeInto(org, object, winner, losers)
      }),
    convert: (leadId, by) => as(by, () => convertLead(org, { ...conversion(leadId), createOpportunity: true })),
    convertInto: (leadId, opportunityId, by) => as(by, () => convertLead(org, { ...conversion(leadId), opportunityId })),
    addProducts: (id, amount, by) => as(by, () => touch(org, 'Opportunity', fullId(id) ?? id, { HasOpportunityLineItem: true, Amount: amount })),
    user(email) {
      const found = [...objectNamed(org, 'User').rows.values()].find((item) => item.values['Email'] === email)
      if (found === undefined) throw new Error(`The org has no user ${email}.`)
      return found.id
    },
  }
}

const conversion = (leadId: string): Conversion => ({
  leadId,
  convertedStatus: 'Closed - Converted',
  accountId: null,
  contactId: null,
  opportunityId: null,
  opportunityName: null,
  createOpportunity: false,
})

function touch(org: Org, object: string, id: string, values: Record<string, Scalar>): void {
  const now = isoStamp(org.clock.now())
  const before = rowOf(org, objectNamed(org, object), id).values
  const stamps = { LastModifiedDate: now, SystemModstamp: now, LastModifiedById: org.author }
  put(org, objectNamed(org, object), { id, values: { ...before, ...values, ...stamps } })
}

/** The losers go into the recycle bin and name the winner. */
function mergeInto(org: Org, object: string, winner: string, losers: readonly string[]): void {
  const target = rowOf(org, objectNamed(org, object), winner)
  for (const loser of losers) {
    const gone = rowOf(org, objectNamed(org, object), loser)
    for (const other of org.objects.values()) {
      for (const field of other.fields.values()) {
        if (!field.referenceTo.includes(object) || !field.createable) continue
        for (const child of [...other.rows.values()])
          if (child.values[field.name] === gone.id && child.values['IsDeleted'] !== true)
            touch(org, other.name, child.id, { [field.name]: target.id })
      }
    }
    remove(org, objectNamed(org, object), rowOf(org, objectNamed(org, object), loser), target.id)
  }
  touch(org, object, target.id, {})
}
