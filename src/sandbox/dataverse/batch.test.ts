import { describe, expect, test } from 'vitest'
import { faults } from '../faults.js'
import { seededRng } from '../rng.js'
import { kit, origin, type Answered, type Kit } from './test-kit.js'

const base = `${origin}/api/data/v9.2`

interface PartWish {
  readonly line: string
  readonly body?: unknown
  readonly headers?: readonly string[]
  readonly contentId?: string
}

const part = ({ line, body, headers = [], contentId }: PartWish): string =>
  [
    'Content-Type: application/http',
    'Content-Transfer-Encoding: binary',
    ...(contentId === undefined ? [] : [`Content-ID: ${contentId}`]),
    '',
    `${line} HTTP/1.1`,
    ...(body === undefined ? [] : ['Content-Type: application/json; type=entry']),
    ...headers,
    '',
    ...(body === undefined ? [] : [JSON.stringify(body)]),
  ].join('\r\n')

const changeSet = (parts: readonly PartWish[]): string =>
  [
    'Content-Type: multipart/mixed; boundary="changeset_01aa"',
    '',
    ...parts.map((wish) => `--changeset_01aa\r\n${part(wish)}`),
    '--changeset_01aa--',
    '',
  ].join('\r\n')

const envelope = (items: readonly string[]): string => `${items.map((item) => `--batch_b7c1\r\n${item}\r\n`).join('')}--batch_b7c1--\r\n`

const send = (made: Kit, items: readonly string[], headers: Record<string, string> = {}): Promise<Answered> =>
  made.call('POST', '$batch', envelope(items), { 'content-type': 'multipart/mixed; boundary="batch_b7c1"', ...headers })

const statuses = (text: string): number[] => [...text.matchAll(/^HTTP\/1\.1 (\d+)/gm)].map((match) => Number(match[1]))

describe('$batch', () => {
  test('a change set and a read, answered in the documented form, with $1 standing for the first row', async () => {
    const made = kit()
    const answer = await send(made, [
      changeSet([
        { line: 'POST /api/data/v9.2/accounts', body: { name: 'Fabrikam GmbH' }, contentId: '1' },
        { line: 'POST /api/data/v9.2/opportunities', body: { name: 'Move', 'customerid_account@odata.bind': '$1' }, contentId: '2' },
      ]),
      part({ line: 'GET /api/data/v9.2/transactioncurrencies?$select=isocurrencycode', headers: ['Accept: application/json'] }),
    ])
    expect(answer.status).toBe(200)
    const boundary = /boundary=(batchresponse_[0-9a-f-]{36})$/.exec(String(answer.headers['content-type']))?.[1] ?? ''
    expect(answer.text.startsWith(`--${boundary}\r\nContent-Type: multipart/mixed; boundary=changesetresponse_`)).toBe(true)
    expect(answer.text.endsWith(`--${boundary}--\r\n`)).toBe(true)
    expect(statuses(answer.text)).toEqual([204, 204, 200])
    expect(answer.text).toContain('Content-ID: 1\r\n\r\nHTTP/1.1 204 No Content\r\n')
    expect(answer.text).toMatch(
      /OData-EntityId: https:\/\/contoso\.crm\.dynamics\.example\/api\/data\/v9\.2\/accounts\([0-9a-f-]{36}\)\r\n/,
    )
    const [account] = made.simulator.find('account', { name: 'Fabrikam GmbH' })
    expect(made.simulator.find('opportunity', { name: 'Move' })).toMatchObject([{ _customerid_value: account?.['accountid'] }])
  })

  test('$n also stands in URLs', async () => {
    const made = kit()
    await send(made, [
      changeSet([
        { line: `POST ${base}/accounts`, body: { name: 'A' }, contentId: '1' },
        { line: 'PATCH $1', body: { telephone1: '5' }, contentId: '2' },
      ]),
    ])
    expect(made.simulator.find('account')).toMatchObject([{ name: 'A', telephone1: '5' }])
  })

  test('an unknown reference is refused in the words of the service', async () => {
    const made = kit()
    const answer = await send(made, [
      changeSet([{ line: 'POST /api/data/v9.2/opportunities', body: { 'customerid_account@odata.bind': '$7' }, contentId: '1' }]),
    ])
    expect(answer.status).toBe(400)
    expect(answer.text).toContain("Content-ID Reference: '$7' does not exist in the batch context.")
  })

  test('a failing change set leaves nothing behind, answers one part, and stops the batch', async () => {
    const made = kit()
    const before = made.simulator.version()
    const answer = await send(made, [
      changeSet([
        { line: 'POST /api/data/v9.2/accounts', body: { name: 'A' }, contentId: '1' },
        { line: 'POST /api/data/v9.2/accounts', body: { nonsense: 1 }, contentId: '2' },
      ]),
      part({ line: 'POST /api/data/v9.2/accounts', body: { name: 'after' } }),
    ])
    expect(answer.status).toBe(400)
    expect(statuses(answer.text)).toEqual([400])
    expect(made.simulator.size('account')).toBe(0)
    expect(made.simulator.version()).toBeGreaterThan(before)
  })

  test('with continue-on-error every item is answered and the batch itself succeeds', async () => {
    const made = kit()
    const answer = await send(
      made,
      [
        part({ line: 'POST /api/data/v9.2/accounts', body: { nonsense: 1 } }),
        changeSet([{ line: 'POST /api/data/v9.2/accounts', body: { nope: 1 }, contentId: '1' }]),
        part({ line: 'POST /api/data/v9.2/accounts', body: { name: 'after' } }),
      ],
      { prefer: 'odata.continue-on-error' },
    )
    expect([answer.status, statuses(answer.text)]).toEqual([200, [400, 400, 204]])
    expect(made.simulator.find('account')).toMatchObject([{ name: 'after' }])
  })

  test('the outer status of a failure may always be 200', async () => {
    const made = kit({ options: { batchErrorStatus: 'always-200' } })
    const answer = await send(made, [part({ line: 'POST /api/data/v9.2/accounts', body: { nonsense: 1 } })])
    expect([answer.status, statuses(answer.text)]).toEqual([200, [400]])
  })

  test('parts have their own headers: conditions hold, preferences of the batch do not reach them', async () => {
    const made = kit()
    const id = made.simulator.people.account()
    const wishes = [
      part({ line: `PATCH /api/data/v9.2/accounts(${id})`, body: { name: 'x' }, headers: ['If-Match: W/"1"'] }),
      part({ line: 'POST /api/data/v9.2/accounts', body: { name: 'y' } }),
      part({ line: 'POST /api/data/v9.2/accounts', body: { name: 'z' }, headers: ['Prefer: return=representation'] }),
    ]
    const answer = await send(made, wishes, { prefer: 'odata.continue-on-error,return=representation' })
    expect(statuses(answer.text)).toEqual([412, 204, 201])
    made.simulator.options.batchPrefer = 'reaches-parts'
    const again = await send(made, wishes, { prefer: 'odata.continue-on-error,return=representation' })
    expect(statuses(again.text)).toEqual([412, 201, 201])
  })

  test.each([
    ['bare line feeds', envelope([part({ line: 'GET /api/data/v9.2/accounts' })]).replaceAll('\r\n', '\n')],
    ['no closing boundary', envelope([part({ line: 'GET /api/data/v9.2/accounts' })]).replace('--batch_b7c1--', '')],
    ['a GET in a change set', envelope([changeSet([{ line: 'GET /api/data/v9.2/accounts', contentId: '1' }])])],
    ['a nested batch', envelope([part({ line: 'POST /api/data/v9.2/$batch' })])],
    [
      'a missing Content-ID',
      envelope([
        changeSet([
          { line: 'POST /api/data/v9.2/accounts', body: {} },
          { line: 'POST /api/data/v9.2/accounts', body: {} },
        ]),
      ]),
    ],
    ['more than a thousand requests', envelope(Array.from({ length: 1_001 }, () => part({ line: 'GET /api/data/v9.2/accounts?$top=1' })))],
  ])('%s makes the batch malformed: a plain JSON error', async (_, text) => {
    const made = kit()
    const answer = await made.call('POST', '$batch', text, { 'content-type': 'multipart/mixed; boundary=batch_b7c1' })
    expect([answer.status, answer.error.code]).toEqual([400, '0x80060888'])
    expect(String(answer.headers['content-type'])).toContain('application/json')
    expect(made.simulator.size('account')).toBe(0)
  })

  test('a lost answer changes nothing about what was done: all of the change set stands', async () => {
    const rules = faults(seededRng(3))
    const made = kit({ faults: rules })
    rules.set([{ kind: 'drop-after', rate: 1, times: 1 }])
    const answer = await send(made, [
      changeSet([
        { line: 'POST /api/data/v9.2/accounts', body: { name: 'A' }, contentId: '1' },
        { line: 'POST /api/data/v9.2/accounts', body: { name: 'B' }, contentId: '2' },
      ]),
    ])
    expect(answer.drop).toBe(true)
    expect(
      made.simulator
        .find('account')
        .map((row) => row['name'])
        .sort(),
    ).toEqual(['A', 'B'])
  })
})
