import { describe, expect, it, test } from 'vitest'
import { origin, salesforceDesk, signal } from '../../test/support/salesforce-desk.js'
import type { Transport, TransportAnswer } from '../remote/transport.js'
import { SIGN_IN_REMEDIES } from './salesforce-sign-in.js'

const answer = (status: number, body: unknown): TransportAnswer => ({ status, headers: {}, body: Buffer.from(JSON.stringify(body)) })
const isToken = (url: string): boolean => url.endsWith('/services/oauth2/token')
/** Refuses sign-ins in this way until the list is empty. */
const refusing =
  (refusals: { error: string; error_description: string; status?: number }[]) =>
  (transport: Transport): Transport =>
  (request) => {
    const refusal = isToken(request.url) ? refusals.shift() : undefined
    return refusal === undefined ? transport(request) : Promise.resolve(answer(refusal.status ?? 400, refusal))
  }
const deal = { Name: 'Deal', StageName: 'Qualification', CloseDate: '2027-03-31' }
const anything = '0065g00000QrStUAAV'
const refOf = (id: string) => ({ side: 'crm', kind: 'opportunity', id }) as const

describe('the address that the sign-in names', () => {
  it('is where calls go, from then on and after the org has moved', async () => {
    const hosts: string[] = []
    const desk = salesforceDesk({
      options: { onlyAtInstance: true },
      between: (transport) => (request) => {
        hosts.push(new URL(request.url).host)
        return transport(request)
      },
    })
    desk.org.origin = 'https://eu17.my.salesforce.com'
    const id = desk.org.people.create('Opportunity', deal)
    await desk.present(refOf(id))
    expect(hosts.at(-1)).toBe('eu17.my.salesforce.com')
    desk.org.origin = 'https://eu44.my.salesforce.com'
    await desk.present(refOf(id))
    expect(hosts.at(-1)).toBe('eu44.my.salesforce.com')
    expect(desk.adapter.webUrl(refOf(id))).toBe(`${origin}/${id}`)
  })

  it.each(['https://collector.example', 'http://contoso.my.salesforce.com.evil.example', 'https://evilsalesforce.com', 'no address'])(
    '[R50] is never called when it is no address of Salesforce: %s',
    async (named) => {
      const hosts = new Set<string>()
      const desk = salesforceDesk({
        between: (transport) => (request) => {
          hosts.add(new URL(request.url).host)
          return transport(request)
        },
      })
      desk.org.origin = named
      const id = desk.org.people.create('Opportunity', deal)
      const reading = await desk.read(refOf(id))
      expect(reading).toMatchObject({ kind: 'unreachable', fault: { kind: 'invalid-answer' } })
      expect([...hosts]).toEqual([new URL(origin).host])
    },
  )
})

describe('a session', () => {
  it('that ended is renewed once for all who wait, and each call is repeated once', async () => {
    const desk = salesforceDesk()
    const id = desk.org.people.create('Opportunity', deal)
    await desk.present(refOf(id))
    const before = desk.org.sessions.count()
    desk.org.sessions.expire()
    const readings = await desk.run(Promise.all([1, 2, 3].map(() => desk.adapter.read(refOf(id), { wide: false, signal }))))
    expect(readings.map(({ kind }) => kind)).toEqual(['present', 'present', 'present'])
    expect(desk.org.sessions.count()).toBe(before + 1)
  })

  it('that no sign-in cures is renewed once and then told', async () => {
    let refused = 0
    const desk = salesforceDesk({
      between: (transport) => (request) => {
        if (isToken(request.url)) return transport(request)
        refused += 1
        return Promise.resolve(answer(401, [{ errorCode: 'INVALID_SESSION_ID', message: 'This session is not valid for use with the REST API' }]))
      },
    })
    expect(await desk.read(refOf(anything))).toMatchObject({ kind: 'unreachable', fault: { kind: 'signed-out' } })
    // Five descriptions are asked for at once: each twice, with one new session for all.
    expect([refused, desk.org.sessions.count()]).toEqual([10, 2])
  })
})

describe('a refused sign-in', () => {
  const codes: readonly string[] = [
    'invalid_grant',
    'invalid_client_id',
    'invalid_client',
    'invalid_app_access',
    'inactive_user',
    'inactive_org',
    'org_locked',
    'unsupported_grant_type',
    'invalid_request',
    'invalid_scope',
    'unauthorized_client',
  ]
  test('has a remedy for every code there is', () => {
    expect(Object.keys(SIGN_IN_REMEDIES).sort()).toEqual([...codes].sort())
  })
  it.each(codes)('by %s says what to do and ends there', async (error) => {
    const desk = salesforceDesk({ between: refusing([{ error, error_description: 'as Salesforce says it' }]) })
    const [check] = await desk.run(desk.adapter.checks({ signal }))
    expect(check).toMatchObject({ status: 'fail', detail: expect.stringContaining(error) as string })
    expect(check?.remedy).toContain(SIGN_IN_REMEDIES[error] ?? '?')
    expect(desk.org.sessions.count()).toBe(0)
  })
  it('because another one is under way is repeated once', async () => {
    const busy = { error: 'invalid_grant', error_description: 'token request is already being processed' }
    const desk = salesforceDesk({ between: refusing([busy]) })
    const id = desk.org.people.create('Opportunity', deal)
    await desk.present(refOf(id))
    const stuck = salesforceDesk({ between: refusing([busy, busy]) })
    expect(await stuck.read(refOf(id))).toMatchObject({ fault: { kind: 'signed-out' } })
  })
  it.each([
    [{ error: 'rate_limit_exceeded', error_description: 'too many' }, 'throttled'],
    [{ error: 'server_error', error_description: 'oops' }, 'offline'],
    [{ error: '', error_description: '', status: 503 }, 'offline'],
  ])('by a service that is busy is no matter for a person: %o', async (refusal, kind) => {
    const desk = salesforceDesk({ between: refusing([refusal]) })
    const id = desk.org.people.create('Opportunity', deal)
    expect(await desk.read(refOf(id))).toMatchObject({ kind: 'unreachable', fault: { kind } })
  })
})
