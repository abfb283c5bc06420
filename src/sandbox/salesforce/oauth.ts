import { createHmac, verify as verifySignature } from 'node:crypto'
import type { SimRequest, SimResponse } from '../http.js'
import { isoStamp } from './model.js'
import type { Org } from './org.js'

export interface ClientApp {
  readonly clientId: string
  readonly secret: string
  /** PEM of the certificate's public key, for assertions. Null: not set up. */
  readonly publicKey: string | null
  /** Usernames that an administrator has admitted to the app. */
  readonly usernames: readonly string[]
  readonly clientCredentials: boolean
}
export interface Sessions {
  token(request: SimRequest): SimResponse
  isValid(token: string): boolean
  /** Ends one token: by form, or by query. */
  revoke(request: SimRequest): SimResponse
  /** Every access token given out so far stops working. */
  expire(): void
  /** Token requests so far. */
  count(): number
}

const json = (status: number, body: unknown): SimResponse => ({
  status,
  headers: { 'content-type': 'application/json;charset=UTF-8' },
  body: JSON.stringify(body),
})
const refused = (error: string, description: string): SimResponse => json(400, { error, error_description: description })
const audiences = ['https://login.salesforce.com', 'https://test.salesforce.com']
const assertionMostS = 5 * 60

/** Sign-in of programs: client credentials, and assertions signed with a private key. Source: Salesforce help, OAuth authorization flows. */
export function sessions(org: Org, given: { readonly apps: readonly ClientApp[]; readonly origin: () => string }): Sessions {
  const live = new Map<string, number>()
  let asked = 0
  let number = 0
  const issue = (app: ClientApp): SimResponse => {
    number += 1
    const now = org.clock.now()
    const token = `${org.id.slice(0, 15)}!AQEA.${number}.${Math.floor(org.rng.next() * 1e12).toString(36)}`
    live.set(token, now + org.options.sessionMs)
    const id = `https://login.salesforce.com/id/${org.id}/${org.integrationUser}`
    const signature = createHmac('sha256', app.secret).update(`${id}${now}`).digest('base64')
    return json(200, {
      access_token: token,
      signature,
      scope: 'api id',
      instance_url: given.origin(),
      id,
      token_type: 'Bearer',
      issued_at: String(now),
    })
  }
  return {
    token(request) {
      asked += 1
      if (request.method !== 'POST') return refused('invalid_request', 'must use HTTP POST')
      const form = new URLSearchParams(request.body.toString('utf8'))
      const grant = form.get('grant_type')
      if (grant === 'client_credentials') {
        const { id, secret } = identityOf(request, form)
        const app = given.apps.find(({ clientId }) => clientId === id)
        if (app === undefined) return refused('invalid_client_id', 'client identifier invalid')
        if (app.secret !== secret) return refused('invalid_client', 'invalid client credentials')
        return app.clientCredentials ? issue(app) : refused('invalid_grant', 'no client credentials user enabled')
      }
      if (grant === 'urn:ietf:params:oauth:grant-type:jwt-bearer') {
        const app = appOfAssertion(org, given, form.get('assertion') ?? '')
        return typeof app === 'string' ? refused('invalid_grant', app) : issue(app)
      }
      return refused('unsupported_grant_type', 'grant type not supported')
    },
    isValid: (token) => (live.get(token) ?? 0) > org.clock.now(),
    revoke(request) {
      const form = request.method === 'POST' ? request.body.toString('utf8') : (request.path.split('?')[1] ?? '')
      const token = new URLSearchParams(form).get('token')
      if (token === null || !live.delete(token)) return refused('unsupported_token_type', 'this token type is not supported')
      return { status: 200, headers: {}, body: '' }
    },
    expire: () => live.clear(),
    count: () => asked,
  }
}

function identityOf(request: SimRequest, form: URLSearchParams): { readonly id: string; readonly secret: string } {
  const basic = /^Basic (.+)$/i.exec(request.headers['authorization'] ?? '')?.[1]
  if (basic === undefined) return { id: form.get('client_id') ?? '', secret: form.get('client_secret') ?? '' }
  const [id = '', secret = ''] = Buffer.from(basic, 'base64').toString('utf8').split(':')
  return { id, secret }
}

/** The app that an assertion speaks for, or in words why it is not taken. */
function appOfAssertion(
  org: Org,
  given: { readonly apps: readonly ClientApp[]; readonly origin: () => string },
  assertion: string,
): ClientApp | string {
  const [header = '', claims = '', signature = ''] = assertion.split('.')
  let body: Record<string, unknown>
  try {
    // Claims are checked one by one below.
    body = JSON.parse(Buffer.from(claims, 'base64url').toString('utf8')) as Record<string, unknown>
  } catch {
    return 'invalid assertion'
  }
  const app = given.apps.find(({ clientId }) => clientId === body['iss'])
  if (
    app?.publicKey == null ||
    !verifySignature('RSA-SHA256', Buffer.from(`${header}.${claims}`), app.publicKey, Buffer.from(signature, 'base64url'))
  )
    return 'invalid assertion'
  if (typeof body['aud'] !== 'string' || ![...audiences, given.origin()].includes(body['aud'])) return 'audience is invalid'
  const expires = Number(body['exp'])
  const now = org.clock.now() / 1_000
  if (!(expires > now) || expires > now + assertionMostS) return 'expired authorization code'
  return app.usernames.includes(String(body['sub'])) ? app : "user hasn't approved this consumer"
}

/** Who the token speaks for. */
export function userInfo(org: Org, origin: string): unknown {
  const user = org.objects.get('User')?.rows.get(org.integrationUser)?.values ?? {}
  return {
    sub: `https://login.salesforce.com/id/${org.id}/${org.integrationUser}`,
    user_id: org.integrationUser,
    organization_id: org.options.refreshedAs ?? org.id,
    preferred_username: user['Username'],
    nickname: 'integration',
    name: user['Name'],
    email: user['Email'],
    email_verified: true,
    given_name: user['FirstName'],
    family_name: user['LastName'],
    zoneinfo: 'Europe/Berlin',
    locale: 'en_US',
    language: 'en_US',
    user_type: 'STANDARD',
    active: true,
    utcOffset: 3_600_000,
    updated_at: isoStamp(org.clock.now()),
    urls: {
      rest: `${origin}/services/data/v{version}/`,
      sobjects: `${origin}/services/data/v{version}/sobjects/`,
      query: `${origin}/services/data/v{version}/query/`,
      partner: `${origin}/services/Soap/u/{version}/${org.id}`,
    },
  }
}
