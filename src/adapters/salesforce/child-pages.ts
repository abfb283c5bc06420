import { Fault } from '../../core/fault.js'
import { isRow, rowsOf, textOf, type Row } from './row.js'

const pagesMost = 100 // Two hundred thousand rows below one record: no deal has them.

/** An answer that says it goes on, and where. @throws Fault `invalid-answer` when it says that it does but not where. */
export function nextOf(page: Row, what: string): string | null {
  const next = textOf(page, 'nextRecordsUrl')
  if (next === null && page['done'] === false) throw cutOff(what, 'the answer goes on, but does not say where')
  return next
}

/**
 * Lists below a record that came in part only are read to their end: what is left out would look like rows that somebody deleted.
 * Source: SOQL and SOSL Reference, "Relationship Queries": every child list is a query result of its own, with `done` and `nextRecordsUrl`.
 */
export async function withWholeChildren(
  rows: readonly Row[],
  { read, what }: { readonly read: (url: string) => Promise<Row>; readonly what: string },
): Promise<readonly Row[]> {
  const whole: Row[] = []
  for (const row of rows) {
    const rest: Record<string, Row> = {}
    for (const [name, list] of Object.entries(row)) {
      if (!isRow(list) || !Array.isArray(list['records']) || list['done'] !== false) continue
      const records = [...rowsOf(row, name)]
      let next = nextOf(list, what)
      for (let count = 1; next !== null; count += 1) {
        if (count > pagesMost) throw cutOff(what, `${name} has more than ${pagesMost} pages`)
        const page = await read(next)
        records.push(...rowsOf(page, 'records'))
        next = nextOf(page, what)
      }
      rest[name] = { totalSize: records.length, done: true, records }
    }
    whole.push(Object.keys(rest).length === 0 ? row : { ...row, ...rest })
  }
  return whole
}

const cutOff = (what: string, why: string): Fault =>
  new Fault('invalid-answer', `Salesforce gave an answer that cannot be read: ${what}, ${why}.`, { remedy: 'Nothing to do: it is asked again.' })
