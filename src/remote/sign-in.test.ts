import { describe, expect, it } from 'vitest'
import { engineClock, runWithClock } from '../../test/simulation/hand-clock.js'
import { inProcess } from '../../test/support/partner-center-world.js'
import { toFault, type Fault } from '../core/fault.js'
import { handClock } from '../sandbox/clock.js'
import { entra } from '../sandbox/entra/index.js'
import { seededRng } from '../sandbox/rng.js'
import { finishCodeSignIn, startCodeSignIn } from './code-sign-in.js'
import { signInByDevice, type DeviceCode } from './device-code.js'
import { claimsOf } from './token-claims.js'
import { askForToken, clientCredentials, delegated, type RefreshTokens, type TokenEndpoint } from './tokens.js'

const tenantId = '77b9d0de-4f0e-4cf7-a1d2-2b8e6a1f4c55'
const clientId = '11111111-2222-4333-8444-555555555555'
const clientSecret = 'the secret'
const email = 'ana@partner.example'
const referrals = 'https://api.partner.microsoft.com'
const platform = 'https://api.partnercenter.microsoft.com'
const never = new AbortController().signal

function world(options: Parameters<typeof entra>[0]['options'] = {}, consents = [referrals, platform]) {
  const hand = handClock(Date.parse('2026-08-03T09:00:00Z'))
  const directory = entra({
    clock: hand, rng: seededRng(7), tenantId, signatures: 'rs256', options,
    apps: [{ clientId, secret: clientSecret, kind: 'delegated', consents }],
    users: [{ email, roles: ['ReferralsAdmin'], mfa: true }],
  })
  const clock = engineClock(hand)
  const asked: string[] = []
  const transport = inProcess(directory.handle)
  const endpoint: TokenEndpoint & { deviceUrl: string } = {
    clock, name: 'Partner Center', repair: 'cosell connect partner-center',
    url: `https://login.test/${tenantId}/oauth2/v2.0/token`, deviceUrl: `https://login.test/${tenantId}/oauth2/v2.0/devicecode`,
    transport: (request) => {
      asked.push(String(request.body))
      return transport(request)
    },
  }
  const kept: { token: string | null; saved: string[]; signIn: string | null } = {
    token: directory.seedRefreshToken({ clientId, email }), saved: [], signIn: null }
  let busy: Promise<unknown> = Promise.resolve()
  const tokens: { -readonly [K in keyof RefreshTokens]: RefreshTokens[K] } = {
    read: async () => kept.token,
    signIn: async () => kept.signIn,
    renewed: async (from, token) => {
      if (kept.token !== from) return 'replaced'
      if (token !== from) kept.saved.push(token)
      kept.token = token
      return 'stored'
    },
    exclusively: (work) => {
      const turn = busy.then(work, work)
      busy = turn.catch(() => undefined)
      return turn
    },
  }
  const source = (audience: string) => delegated(endpoint, { clientId, clientSecret, scope: `${audience}/.default offline_access`, tokens })
  return { hand, directory, endpoint, kept, tokens, source, asked, run: <T>(work: Promise<T>) => runWithClock(hand, work) }
}
const get = { fresh: false, signal: never }

describe('a delegated sign-in', () => {
  it('serves two audiences from one refresh token, and stores each new one before it is used', async () => {
    const made = world({ usedRefreshToken: 'refused' })
    const [first, second] = await Promise.all([made.source(referrals)(get), made.source(platform)(get)])
    expect(made.directory.verify(`Bearer ${first}`, referrals).ok).toBe(true)
    expect(made.directory.verify(`Bearer ${second}`, platform).ok).toBe(true)
    expect(made.kept.saved).toHaveLength(2)
    expect(made.kept.token).toBe(made.kept.saved[1])
  })

  it('asks once for many who wait, and again five minutes before the end', async () => {
    const made = world()
    const source = made.source(referrals)
    const tokens = await Promise.all(Array.from({ length: 20 }, () => source(get)))
    expect(new Set(tokens).size).toBe(1)
    expect(made.asked).toHaveLength(1)
    made.hand.advance(54 * 60_000)
    expect(await source(get)).toBe(tokens[0])
    made.hand.advance(60_000)
    expect(await source(get)).not.toBe(tokens[0])
    expect(made.asked).toHaveLength(2)
  })

  it('lives on with the old token while the sign-in service is down', async () => {
    const made = world()
    const source = made.source(referrals)
    const token = await source(get)
    made.directory.faults.set([{ kind: 'unavailable', rate: 1 }])
    made.hand.advance(56 * 60_000)
    expect(await source(get)).toBe(token)
    made.hand.advance(10 * 60_000)
    await expect(source(get)).rejects.toMatchObject({ kind: 'throttled' })
    made.directory.faults.set([{ kind: 'bad-gateway-html', rate: 1 }])
    made.hand.advance(60_000)
    await expect(source(get)).rejects.toMatchObject({ kind: 'offline' })
  })

  it('[R32] asks the sign-in service nothing more before its Retry-After, however many deals wait for a token', async () => {
    const made = world()
    const source = made.source(referrals)
    made.directory.faults.set([{ kind: 'throttle', rate: 1, amount: 57, times: 1 }])
    await expect(source(get)).rejects.toMatchObject({ kind: 'throttled', retryAfterMs: 57_000 })
    made.hand.advance(20_000)
    const waiting = await Promise.allSettled(Array.from({ length: 50 }, () => source(get)))
    expect(waiting.every(({ status }) => status === 'rejected')).toBe(true)
    await expect(source(get)).rejects.toMatchObject({ kind: 'throttled', retryAfterMs: 37_000 })
    expect(made.asked).toHaveLength(1)
    made.hand.advance(37_000)
    await expect(source(get)).resolves.toContain('.')
    expect(made.asked).toHaveLength(2)
  })

  it('remembers a refusal for half a minute, also when the clock is set back by an hour meanwhile', async () => {
    const made = world()
    let backMs = 0
    const clock = { ...made.endpoint.clock, now: () => made.hand.now() - backMs }
    const source = clientCredentials({ ...made.endpoint, clock }, { clientId, clientSecret: 'wrong', scope: `${referrals}/.default` })
    await expect(source(get)).rejects.toMatchObject({ kind: 'signed-out' })
    await expect(source(get)).rejects.toMatchObject({ kind: 'signed-out' })
    expect(made.asked).toHaveLength(1)
    backMs = 3_600_000
    await expect(source(get)).rejects.toMatchObject({ kind: 'signed-out' })
    made.hand.advance(31_000)
    await expect(source(get)).rejects.toMatchObject({ kind: 'signed-out' })
    expect(made.asked).toHaveLength(2)
  })

  it('a refused token is replaced once for all who were refused with it', async () => {
    const made = world()
    const source = made.source(referrals)
    const dead = await source(get)
    const renewed = await Promise.all(Array.from({ length: 5 }, () => source({ fresh: true, refused: dead, signal: never })))
    expect(new Set(renewed).size).toBe(1)
    expect(await source({ fresh: true, refused: dead, signal: never })).toBe(renewed[0])
    expect(made.asked).toHaveLength(2)
  })

  it('takes up a token that another process stored meanwhile', async () => {
    const made = world({ usedRefreshToken: 'refused' })
    const stale = made.kept.token
    await made.source(platform)(get)
    const newest = made.kept.token
    made.kept.token = stale
    let reads = 0
    const read = async (): Promise<string | null> => (reads++ === 0 ? stale : newest)
    const tokens: RefreshTokens = { read, signIn: async () => null, renewed: async () => 'stored', exclusively: (work) => work() }
    const source = delegated(made.endpoint, { clientId, clientSecret, scope: `${referrals}/.default offline_access`, tokens })
    await expect(source(get)).resolves.toContain('.')
  })

  it('forgets what an earlier sign-in gave as soon as a person signs in anew: its tokens, and that it was refused', async () => {
    const made = world()
    const source = made.source(referrals)
    const first = await source(get)
    made.directory.revoke()
    const refusedOne = made.source(platform)
    await expect(refusedOne(get)).rejects.toMatchObject({ kind: 'signed-out' })
    made.kept.token = made.directory.seedRefreshToken({ clientId, email })
    made.kept.signIn = 'second'
    await expect(refusedOne(get), 'at once where it was refused').resolves.toContain('.')
    made.hand.advance(3_000)
    expect(await source(get)).not.toBe(first)
  })

  it('that takes long keeps nobody who is told to stop: the others go on waiting for it', async () => {
    const made = world()
    let renew = (): void => undefined
    made.tokens.exclusively = (work) => new Promise<void>((resolve) => (renew = resolve)).then(work)
    const source = made.source(referrals)
    const stop = new AbortController()
    const [stopped, other] = [source({ ...get, signal: stop.signal }), source(get)]
    await Promise.resolve()
    stop.abort()
    await expect(stopped).rejects.toMatchObject({ kind: 'offline' })
    renew()
    await expect(other).resolves.toContain('.')
    await expect(source({ ...get, signal: stop.signal }), 'what is there waits for nothing').resolves.toContain('.')
  })

  it('does not put a renewed token over that of a person who signed in meanwhile', async () => {
    const made = world({ usedRefreshToken: 'refused' })
    const { renewed } = made.tokens
    const anew = made.directory.seedRefreshToken({ clientId, email })
    made.tokens.renewed = (from, token) => {
      if (made.kept.signIn === null) Object.assign(made.kept, { token: anew, signIn: 'second' })
      return renewed(from, token)
    }
    await made.source(referrals)(get)
    expect(made.asked.at(-1)).toContain(encodeURIComponent(anew))
    expect(made.kept.saved).toHaveLength(1)
  })

  it.each([
    ['consent is missing', 'AADSTS65001', () => world({}, [platform])],
    ['the sign-in was ended', 'AADSTS50173', () => {
      const made = world()
      made.directory.revoke()
      return made
    }],
    ['the sign-in has run out', 'AADSTS700082', () => {
      const made = world({ refreshTokenSeconds: 60 })
      made.directory.addApp({ clientId, secret: clientSecret, kind: 'delegated', consents: [referrals, platform] })
      made.hand.advance(120_000)
      return made
    }],
  ] as const)('says the code and the command when %s, and does not ask again for every deal', async (_what, code, make) => {
    const made = make()
    const audience = code === 'AADSTS65001' ? `${referrals}` : referrals
    if (code === 'AADSTS65001') made.directory.options.audiences.add(referrals)
    const source = made.source(audience)
    for (let deal = 0; deal < 5; deal += 1) {
      await expect(source(get)).rejects.toMatchObject({ kind: 'signed-out', code, remedy: expect.stringContaining('cosell connect partner-center') })
    }
    expect(made.asked).toHaveLength(1)
    made.hand.advance(31_000)
    await expect(source(get)).rejects.toMatchObject({ code })
    expect(made.asked).toHaveLength(2)
  })

  it('without any sign-in names the command', async () => {
    const made = world()
    made.kept.token = null
    await expect(made.source(referrals)(get)).rejects.toMatchObject({ kind: 'signed-out', remedy: expect.stringContaining('cosell connect partner-center') })
    expect(made.asked).toEqual([])
  })
})

describe('signing in', () => {
  const app = { clientId, clientSecret, scope: `${referrals}/.default offline_access openid` }

  it('by device code waits for the person', async () => {
    const made = world()
    const shown: DeviceCode[] = []
    const signing = signInByDevice(made.endpoint, app, {
      signal: never,
      show: (code) => {
        shown.push(code)
        made.hand.at(made.hand.now() + 12_000, () => void made.directory.answerDevice(code.userCode, { kind: 'approved', email }))
      },
    })
    const { refreshToken } = await made.run(signing)
    made.kept.token = refreshToken
    expect(shown[0]?.message).toContain(shown[0]?.userCode ?? 'nothing')
    await expect(made.source(referrals)(get)).resolves.toContain('.')
  })

  it('by device code ends when the person declines', async () => {
    const made = world()
    const decline = ({ userCode }: DeviceCode): void => void made.directory.answerDevice(userCode, { kind: 'declined' })
    const signing = signInByDevice(made.endpoint, app, { signal: never, show: decline })
    await expect(made.run(signing)).rejects.toMatchObject({ kind: 'signed-out' })
  })

  it('in the browser is bound to us by state and proof', async () => {
    const made = world({ signInAs: email })
    const redirectUri = 'http://localhost:8401/callback'
    const begun = startCodeSignIn(`https://login.test/${tenantId}/oauth2/v2.0/authorize`, { ...app, redirectUri })
    const answer = await inProcess(made.directory.handle)({ method: 'GET', url: begun.url, headers: {}, body: null, timeoutMs: 1, signal: never })
    const query = new URL(answer.headers['location'] ?? '').searchParams
    const finish = (changes: Partial<typeof begun>) =>
      finishCodeSignIn(made.endpoint, app, { ...begun, ...changes }, { query, signal: never })
    await expect(finish({ state: 'another' })).rejects.toMatchObject({ kind: 'signed-out' })
    await expect(finish({ verifier: 'x'.repeat(43) })).rejects.toMatchObject({ kind: 'signed-out' })
    const { accessToken } = await finish({})
    expect(claimsOf(accessToken)).toMatchObject({ user: email, audience: referrals, methods: expect.arrayContaining(['mfa']) })
  })
})

describe('an application\'s own sign-in', () => {
  it('gets a token for its audience, and says when its secret is wrong', async () => {
    const made = world()
    const scope = `${referrals}/.default`
    expect(made.directory.verify(`Bearer ${await clientCredentials(made.endpoint, { clientId, clientSecret, scope })(get)}`, referrals).ok).toBe(true)
    await expect(clientCredentials(made.endpoint, { clientId, clientSecret: 'wrong', scope })(get)).rejects.toMatchObject({ kind: 'signed-out', code: 'AADSTS7000215' })
  })
})

it('asks the first version of the token endpoint where there is no second', async () => {
  const { endpoint, tokens, asked, run } = world()
  const older: TokenEndpoint = {
    ...endpoint,
    olderUrl: `https://login.test/${tenantId}/oauth2/token`,
    transport: async (request) =>
      request.url.includes('/v2.0/') ? { status: 404, headers: {}, body: Buffer.from('not here') } : endpoint.transport(request),
  }
  const source = delegated(older, { clientId, clientSecret, scope: `${referrals}/.default offline_access`, tokens })
  expect(claimsOf(await run(source(get))).audience).toBe(referrals)
  expect(asked.map((form) => new URLSearchParams(form).get('resource'))).toEqual([referrals])
})

describe('a refusal of the sign-in service', () => {
  const asking = async (error: string, description: string): Promise<Fault> => {
    const { endpoint } = world()
    const body = Buffer.from(JSON.stringify({ error, error_description: description }))
    const answering = { ...endpoint, transport: async () => ({ status: 400, headers: {}, body }) }
    return toFault(await askForToken(answering, { grant_type: 'refresh_token' }, never).catch((refusal: unknown) => refusal))
  }
  it.each(['temporarily_unavailable', 'server_error'])('that is its own trouble (%s) sends nobody to sign in again', async (error) => {
    expect(await asking(error, 'AADSTS90033: A transient error has occurred. Please try again.')).toMatchObject({ kind: 'offline', status: 400 })
  })
  it.each([
    [420, '<html><body>no valid routing</body></html>'],
    [403, '<html><body>Blocked</body></html>'],
    [408, ''],
    [401, 'proxy'],
    [404, '{"message":"no such host"}'],
  ])('that does not say why (HTTP %i) is not its own: it is asked again soon, and nobody has to sign in', async (status, text) => {
    const { endpoint } = world()
    const answering = { ...endpoint, transport: async () => ({ status, headers: {}, body: Buffer.from(text) }) }
    const fault = toFault(await askForToken(answering, { grant_type: 'client_credentials' }, never).catch((refusal: unknown) => refusal))
    expect(fault).toMatchObject({ kind: 'offline', status, message: expect.stringContaining(`(HTTP ${status})`), remedy: expect.stringContaining('tried again') })
  })
  it.each([
    ['AADSTS50079', /multi-factor/],
    ['AADSTS50078', /multi-factor/],
    ['AADSTS53003', /Conditional Access/],
    ['AADSTS700082', /90 days/],
  ])('says what is to be done about %s', async (code, remedy) => {
    expect(await asking('invalid_grant', `${code}: No.`)).toMatchObject({ kind: 'signed-out', code, remedy: expect.stringMatching(remedy) })
  })
})
