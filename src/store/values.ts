import type { Store } from '../core/ports.js'
import type { OpenDatabase } from './database.js'

/** What is further in the future than it can be was written by a clock that has been set back since; two clocks that tell the same time are never so far apart. */
const clocksApartMs = 5 * 60_000
// An embedded store has one process, and what is in its future was written before its own clock was set back; less is corrected all the time.
const setBackMs = 60_000
export const clocksApart = (kind: OpenDatabase['kind']): number => (kind === 'sqlite' ? setBackMs : clocksApartMs)

/** Small named values with compare-and-set, and claims that end by themselves. */
export function valuesOf({ db, durable, kind }: OpenDatabase, tenant: string): Pick<Store, 'getValue' | 'setValue' | 'listValues' | 'dropValue' | 'claim' | 'unclaim'> {
  return {
    async getValue<T>(name: string) {
      const row = await db.selectFrom('value').select(['value', 'revision']).where('tenant', '=', tenant).where('name', '=', name).executeTakeFirst()
      return row === undefined ? null : { value: JSON.parse(row.value) as T, revision: row.revision } // the caller names the type that it stored
    },
    async setValue(name, value, { expect, now }) {
      const text = JSON.stringify(value)
      if (typeof expect === 'number') {
        const done = await db.updateTable('value').set({ value: text, revision: expect + 1, updated_at: now }).where('tenant', '=', tenant).where('name', '=', name).where('revision', '=', expect).executeTakeFirst()
        await durable() // A refresh token that was used and forgotten would lock us out.
        return Number(done.numUpdatedRows) === 1
      }
      const done = await db
        .insertInto('value')
        .values({ tenant, name, value: text, revision: 1, updated_at: now })
        .onConflict((conflict) =>
          expect === null
            ? conflict.columns(['tenant', 'name']).doNothing()
            : conflict.columns(['tenant', 'name']).doUpdateSet((eb) => ({ value: text, updated_at: now, revision: eb('value.revision', '+', 1) })),
        )
        .executeTakeFirst()
      await durable()
      return Number(done.numInsertedOrUpdatedRows ?? 0) > 0
    },
    async listValues(prefix) {
      const rows = await db.selectFrom('value').select(['name', 'value', 'revision']).where('tenant', '=', tenant).where('name', '>=', prefix).where('name', '<', `${prefix}\uffff`).orderBy('name').execute()
      return rows.map((row) => ({ name: row.name, value: parsed(row.value), revision: row.revision }))
    },
    async dropValue(name) {
      await db.deleteFrom('value').where('tenant', '=', tenant).where('name', '=', name).execute()
      await durable()
    },
    async claim(name, { token, forMs, now, mostMs = forMs }) {
      const done = await db
        .insertInto('claim')
        .values({ tenant, name, token, until_at: now + forMs })
        .onConflict((conflict) =>
          conflict
            .columns(['tenant', 'name'])
            .doUpdateSet({ token, until_at: now + forMs })
            .where((eb) =>
              eb.or([eb('claim.until_at', '<=', now), eb('claim.token', '=', token), eb('claim.until_at', '>', now + mostMs + clocksApart(kind))]),
            ),
        )
        .executeTakeFirst()
      return Number(done.numInsertedOrUpdatedRows ?? 0) > 0
    },
    async unclaim(name, token) {
      await db.deleteFrom('claim').where('tenant', '=', tenant).where('name', '=', name).where('token', '=', token).execute()
    },
  }
}

const parsed = (text: string): unknown => JSON.parse(text)
