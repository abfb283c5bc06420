import { describe, expect, test } from 'vitest'
import { kit, origin, valuesOf, type Answered, type JsonObject, type Kit } from './test-kit.js'

const track = { prefer: 'odata.track-changes,odata.maxpagesize=500' }
const day = 86_400_000

async function firstRound(
  made: Kit,
  url = 'opportunities?$select=name,statecode',
): Promise<{ rows: JsonObject[]; link: string; last: Answered }> {
  const rows: JsonObject[] = []
  let answer = await made.call('GET', url, undefined, track)
  rows.push(...valuesOf(answer))
  for (let page = 0; page < 100 && answer.json['@odata.nextLink'] !== undefined; page++) {
    answer = await made.call('GET', String(answer.json['@odata.nextLink']), undefined, track)
    rows.push(...valuesOf(answer))
  }
  return { rows, link: String(answer.json['@odata.deltaLink']), last: answer }
}

describe('change tracking', () => {
  test('the first round answers every row and ends in a delta link of the documented form', async () => {
    const made = kit()
    made.simulator.people.opportunity({ name: 'A' })
    const { rows, link, last } = await firstRound(made)
    expect(rows.map((row) => row['name'])).toEqual(['A'])
    expect(last.headers['preference-applied']).toContain('odata.track-changes')
    expect(link).toMatch(
      new RegExp(`^${origin}/api/data/v9.2/opportunities\\?\\$select=name,statecode&\\$deltatoken=\\d+%2105%2f04%2f2026%2009%3a15%3a30$`),
    )
  })

  test('a round reports new and changed rows once, in order of version, and deletions after them', async () => {
    const made = kit()
    const { people } = made.simulator
    const a = people.opportunity({ name: 'A' })
    const b = people.opportunity({ name: 'B' })
    const { link } = await firstRound(made)
    const c = people.opportunity({ name: 'C' })
    people.edit('opportunity', a, { name: 'A2' })
    people.edit('opportunity', a, { closeprobability: 5 })
    people.delete('opportunity', b)
    const d = people.opportunity({ name: 'D' })
    people.delete('opportunity', d)
    const answer = await made.call('GET', link)
    expect(answer.json['@odata.context']).toBe(`${origin}/api/data/v9.2/$metadata#opportunities(name,statecode)/$delta`)
    const rows = valuesOf(answer)
    expect(rows.slice(0, 2).map((row) => [row['opportunityid'], row['name']])).toEqual([
      [c, 'C'],
      [a, 'A2'],
    ])
    expect(rows.slice(2)).toEqual(
      [b, d].map((id) => ({ '@odata.context': `${origin}/api/data/v9.2/$metadata#opportunities/$deletedEntity`, id, reason: 'deleted' })),
    )
    const idle = await made.call('GET', String(answer.json['@odata.deltaLink']))
    expect(valuesOf(idle)).toEqual([])
    expect(idle.json['@odata.deltaLink']).toBeDefined()
  })

  test('what is written while a first round is being read comes in the next round', async () => {
    const made = kit()
    for (let number = 0; number < 7; number++) made.simulator.people.opportunity({ name: `D${number}` })
    const first = await made.call('GET', 'opportunities?$select=name', undefined, { prefer: 'odata.track-changes,odata.maxpagesize=3' })
    const changed = String(valuesOf(first)[0]?.['opportunityid'])
    made.simulator.people.edit('opportunity', changed, { name: 'changed meanwhile' })
    let answer = first
    while (answer.json['@odata.nextLink'] !== undefined) {
      expect(answer.json['@odata.deltaLink']).toBeUndefined()
      answer = await made.call('GET', String(answer.json['@odata.nextLink']), undefined, { prefer: 'odata.maxpagesize=3' })
    }
    const round = await made.call('GET', String(answer.json['@odata.deltaLink']))
    expect(valuesOf(round).map((row) => row['name'])).toEqual(['changed meanwhile'])
  })

  test('a delta round pages, rows first, then deletions, each exactly once', async () => {
    const made = kit()
    const ids = Array.from({ length: 9 }, () => made.simulator.people.opportunity())
    const { link } = await firstRound(made)
    for (const id of ids.slice(0, 5)) made.simulator.people.edit('opportunity', id, { name: 'x' })
    for (const id of ids.slice(5)) made.simulator.people.delete('opportunity', id)
    const seen: unknown[] = []
    let url = link
    let pages = 0
    for (; url !== ''; pages++) {
      const answer = await made.call('GET', url, undefined, { prefer: 'odata.maxpagesize=2' })
      expect(valuesOf(answer).length).toBeLessThanOrEqual(2)
      seen.push(...valuesOf(answer).map((row) => row['opportunityid'] ?? row['id']))
      // A row shown already changes again while the round goes on: it belongs to the next round.
      if (pages === 0) made.simulator.people.edit('opportunity', ids[0] ?? '', { name: 'again' })
      url = String(answer.json['@odata.nextLink'] ?? '')
      if (url === '')
        expect(valuesOf(await made.call('GET', String(answer.json['@odata.deltaLink']))).map((row) => row['name'])).toEqual(['again'])
    }
    expect(seen).toEqual(ids)
    expect(pages).toBe(5)
  })

  test.each(['$filter=statecode eq 0', '$orderby=name', '$expand=parentaccountid', '$top=5'])(
    '%s is refused with tracking',
    async (option) => {
      const made = kit()
      const answer = await made.call('GET', `opportunities?$select=name&${option}`, undefined, track)
      expect(answer.status).toBe(400)
      expect(answer.error.message).toBe(
        `The "${option.split('=')[0] ?? ''}" query parameter isn't supported when Change Tracking is enabled.`,
      )
    },
  )

  test('a table without tracking refuses it', async () => {
    const answer = await kit().call('GET', 'systemusers?$select=fullname', undefined, track)
    expect([answer.status, answer.error.code]).toEqual([400, '0x80072491'])
  })

  test('a token expires after the days the organization allows', async () => {
    const made = kit()
    made.simulator.people.opportunity()
    const { link } = await firstRound(made)
    made.clock.advance(7 * day)
    expect((await made.call('GET', link)).status).toBe(200)
    made.clock.advance(1_000)
    const expired = await made.call('GET', link)
    expect([expired.status, expired.error.code]).toEqual([400, '0x80044352'])
    made.simulator.options.expiredDelta = 'full-result'
    expect(valuesOf(await made.call('GET', link))).toHaveLength(1)
    expect((await made.call('GET', 'opportunities?$deltatoken=nonsense')).error.code).toBe('0x80044352')
  })

  test('$count with a delta token counts what waits', async () => {
    const made = kit()
    const id = made.simulator.people.opportunity()
    const { link } = await firstRound(made)
    made.simulator.people.edit('opportunity', id, { name: 'x' })
    made.simulator.people.opportunity()
    const token = link.slice(link.indexOf('$deltatoken'))
    expect((await made.call('GET', `opportunities/$count?${token}`)).text).toBe('2')
  })

  test('a rolled back write leaves no trace in the next round', async () => {
    const made = kit()
    made.simulator.people.opportunity()
    const { link } = await firstRound(made)
    await made.call('POST', 'opportunities/Microsoft.Dynamics.CRM.CreateMultiple', {
      Targets: [
        { '@odata.type': 'Microsoft.Dynamics.CRM.opportunity', name: 'A' },
        { '@odata.type': 'Microsoft.Dynamics.CRM.opportunity', need: 77 },
      ],
    })
    expect(valuesOf(await made.call('GET', link))).toEqual([])
  })
})
