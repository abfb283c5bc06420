import fc from 'fast-check'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { OPERATIONS } from '../../src/server/operations.js'
import { installation, type Installation } from '../support/installation.js'

/**
 * Whatever is sent to the API is answered in order: never a 500, never an inside, never a change of what objects are. The service behind it is
 * the real one with its store. The seed is fixed; one that ever failed is added.
 */
const SEEDS: readonly number[] = [20_261_130]
const runs = 2_500
const token = 'a-token-of-a-script-1'
// What asks a remote system or works for long is tried elsewhere, and what waits for a person would wait for ever.
const slow = new Set(['beginSignIn', 'beginInstall', 'installPlan', 'checks', 'sync', 'testWebhook', 'connection', 'webhook', 'match', 'observeReport',
  ...['solutions', 'importSolutions', 'registerCallbacks', 'removeCallbacks', 'removalPlan', 'removeInstalled', 'rotateSecrets'],
])
const operations = OPERATIONS.filter(({ name }) => !slow.has(name))
const others = ['/api/v1/me', '/api/v1/nothing', '/api/v1/deals/..%2f..', '/api/openapi.json', '/hooks/dynamics', '/readyz?verbose', '/auth/callback', '/%00', '/deals/x']

let here: Installation
beforeAll(async () => {
  here = await installation({ server: { adminTokens: [token] } })
})
afterAll(() => here.close())

const word = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 30 }),
  fc.constantFrom('__proto__', 'constructor', '../../etc/passwd', '${jndi:ldap://x}', "' or 1=1 --", '=cmd()', '<script>', 'null', '-1', '1e999', '٣'),
)
const json = fc.jsonValue({ depthSize: 'medium', stringUnit: 'binary', maxDepth: 6 })
const known = ['limit', 'after', 'deal', 'deals', 'search', 'state', 'reason', 'field', 'keep', 'take', 'value', 'mapping', 'document', 'plan', 'version', 'by', 'note']
const body = fc.oneof(fc.dictionary(fc.oneof(fc.constantFrom(...known), word), fc.oneof(json, word), { maxKeys: 6 }), json)
const bad = (text: string): string => encodeURIComponent(text.replaceAll(/\p{Surrogate}/gu, '\ufffd'))

const call = fc.record({
  operation: fc.constantFrom(...operations),
  other: fc.option(fc.constantFrom(...others), { freq: 8, nil: null }),
  part: word,
  body,
  raw: fc.option(fc.oneof(fc.constant('{'), fc.constant('['.repeat(5_000)), fc.constant('{"a":'.repeat(5_000)), word), { freq: 6, nil: null }),
  query: fc.dictionary(fc.oneof(fc.constantFrom(...known), word), word, { maxKeys: 4 }),
  type: fc.constantFrom('application/json', 'application/json; charset=x', 'text/plain', 'multipart/form-data', 'application/xml'),
  signedIn: fc.boolean(),
})

it.each(SEEDS)('[R51] anything at all at the API is answered without a crash, an inside or a way around the sign-in (seed %i)', async (seed) => {
  await fc.assert(
    fc.asyncProperty(call, async ({ operation, other, part, body: given, raw, query, type, signedIn }) => {
      const path = other ?? `/api/v1${operation.path.replaceAll(/:\w+/g, bad(part))}`
      const search = Object.entries(query).map(([name, value]) => `${bad(name)}=${bad(value)}`)
      const method = other === null ? operation.method : 'GET'
      const answer = await fetch(`${here.address}${path}${path.includes('?') ? '&' : '?'}${search.join('&')}`, {
        method,
        redirect: 'manual',
        headers: { ...(signedIn ? { authorization: `Bearer ${token}` } : {}), ...(method === 'GET' ? {} : { 'content-type': type }) },
        ...(method === 'GET' ? {} : { body: raw ?? JSON.stringify(given) ?? '' }),
      })
      const text = await answer.text()
      const shown = `${method} ${path} → ${answer.status} ${text.slice(0, 400)}`
      expect(answer.status, shown).not.toBe(500)
      if (other === null && !signedIn) expect(answer.status, shown).toBe(401)
      if (answer.status >= 400 && path.startsWith('/api')) expect(JSON.parse(text), shown).toMatchObject({ status: answer.status, title: expect.any(String) as string })
      expect(text, shown).not.toMatch(/\bat .+\.(ts|js):\d+|node_modules|SqliteError|ECONNREFUSED/)
      expect(({} as Record<string, unknown>)['polluted'] ?? Object.keys(Object.prototype)).toEqual([])
    }),
    { numRuns: runs, seed },
  )
}, 60_000)
