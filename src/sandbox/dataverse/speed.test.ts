import { describe, expect, test } from 'vitest'
import { kit, valuesOf } from './test-kit.js'

/** Bounds are ten times what a slow machine needs: they fail when something scans a table that must not. */
const rows = 20_000

describe('a large environment', () => {
  const made = kit({ customFields: 'cosell', options: { requestLimit: null } })
  const ids = made.simulator.seedOpportunities(rows)

  async function microsecondsEach(times: number, work: (at: number) => Promise<unknown>): Promise<number> {
    const startMs = performance.now()
    for (let at = 0; at < times; at++) await work(at)
    return ((performance.now() - startMs) * 1_000) / times
  }

  test('reads one row with its related rows without looking at others', async () => {
    const select = '$select=name,estimatedvalue,statecode,statuscode,versionnumber&$expand=parentaccountid($select=name)'
    expect(await microsecondsEach(2_000, (at) => made.call('GET', `opportunities(${ids[at] ?? ''})?${select}`))).toBeLessThan(1_500)
  })

  test('finds rows by name of the account, by lookup and by alternate key through indexes', async () => {
    const account = made.simulator.find('account', { name: 'Customer 7' })[0]?.['accountid']
    await made.call('PATCH', "opportunities(cosell_referralidentifier='r-7')", { name: 'keyed' })
    for (const url of [
      "accounts?$select=name&$filter=name eq 'customer 7'",
      `opportunities?$select=name&$filter=_parentaccountid_value eq ${String(account)} and statecode eq 0`,
      "opportunities?$select=name&$filter=cosell_referralidentifier eq 'r-7'",
      "opportunities(cosell_referralidentifier='r-7')?$select=name",
    ]) {
      expect((await made.call('GET', url)).status).toBe(200)
      expect(await microsecondsEach(200, () => made.call('GET', url))).toBeLessThan(1_500)
    }
  })

  test('narrows by the better of two indexes', async () => {
    const [row] = made.simulator.find('opportunity', { opportunityid: ids[0] })
    const url = `opportunities?$select=name&$filter=_ownerid_value eq ${String(row?.['_ownerid_value'])} and _parentaccountid_value eq ${String(row?.['_parentaccountid_value'])}`
    expect(valuesOf(await made.call('GET', url))).toHaveLength(20)
  })

  test('answers a delta in the time of its changes, and pages without starting over', async () => {
    const track = { prefer: 'odata.track-changes,odata.maxpagesize=500' }
    let answer = await made.call('GET', 'opportunities?$select=name', undefined, track)
    let seen = valuesOf(answer).length
    const startMs = performance.now()
    while (answer.json['@odata.nextLink'] !== undefined) {
      answer = await made.call('GET', String(answer.json['@odata.nextLink']), undefined, track)
      seen += valuesOf(answer).length
    }
    expect(performance.now() - startMs).toBeLessThan(4_000)
    expect(seen).toBe(made.simulator.size('opportunity'))
    made.simulator.people.edit('opportunity', ids[3] ?? '', { name: 'changed' })
    const link = String(answer.json['@odata.deltaLink'])
    expect(await microsecondsEach(200, () => made.call('GET', link))).toBeLessThan(1_500)
    expect(valuesOf(await made.call('GET', link)).map((row) => row['name'])).toEqual(['changed'])
  })

  test('takes back a failed change without touching the rest', async () => {
    const bad = {
      Targets: [
        { '@odata.type': 'Microsoft.Dynamics.CRM.opportunity', name: 'a' },
        { '@odata.type': 'Microsoft.Dynamics.CRM.opportunity', need: 9 },
      ],
    }
    const url = 'opportunities/Microsoft.Dynamics.CRM.CreateMultiple'
    expect(await microsecondsEach(200, () => made.call('POST', url, bad))).toBeLessThan(2_000)
  })
})
