import { ConfidentialClientApplication, PublicClientApplication, type INetworkModule } from '@azure/msal-node'
import * as openid from 'openid-client'
import { Agent, fetch as undiciFetch } from 'undici'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { realClock } from '../clock.js'
import { listen, type SimListener } from '../http.js'
import { seededRng } from '../rng.js'
import { loopbackTls } from '../signing.js'
import { entra } from './index.js'

// Real clients, real sockets, real TLS: both libraries check issuers, nonces, times and signatures for themselves.
const referrals = 'https://api.partner.microsoft.com'
const dataverse = 'https://contoso.crm.dynamics.com'
const tenantId = '77b9d0de-4f0e-4cf7-a1d2-2b8e6a1f4c55'
const redirectUri = 'http://localhost:4711/callback'
const tls = loopbackTls()
const dispatcher = new Agent({ connect: { ca: tls.ca } })

const simulator = entra({
  clock: realClock(),
  rng: seededRng(7),
  tenantId,
  apps: [
    { clientId: 'web-app', secret: 's3cret', kind: 'delegated', consents: [referrals], redirectUris: [redirectUri] },
    { clientId: 'device-app', secret: null, kind: 'delegated', consents: [referrals] },
  ],
  users: [{ email: 'ana@partner.example', name: 'Ana Silva', roles: ['ReferralsAdmin'], mfa: true }],
  audiences: [dataverse],
  options: { deviceIntervalSeconds: 1 },
})
let listener: SimListener

beforeAll(async () => {
  listener = await listen(simulator.handle, { port: 0, tls })
  simulator.options.publicBase = listener.url
})
afterAll(async () => {
  await listener.close()
  await dispatcher.close()
})

/** Clicks through the sign-in page the way a browser would, and returns where it ends up. */
async function signIn(address: URL): Promise<URL> {
  const form = new URLSearchParams(address.search)
  form.set('sandbox_person', 'ana@partner.example')
  const answer = await undiciFetch(`${address.origin}${address.pathname}`, {
    method: 'POST',
    body: form.toString(),
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    redirect: 'manual',
    dispatcher,
  })
  return new URL(answer.headers.get('location') ?? '')
}

describe('openid-client', () => {
  const customFetch: openid.CustomFetch = async (url, init) => {
    const answer = await undiciFetch(url, { method: init.method, headers: init.headers, body: init.body as string | null, dispatcher })
    // openid-client wants the platform's Response class, undici's package brings its own.
    return new Response(await answer.text(), { status: answer.status, headers: [...answer.headers] })
  }
  const discover = (secret = 's3cret') =>
    openid.discovery(new URL(`${listener.url}/${tenantId}/v2.0`), 'web-app', secret, undefined, { [openid.customFetch]: customFetch })

  test('discovers the tenant, signs a person in with PKCE and nonce, and refreshes', async () => {
    const config = await discover()
    const verifier = openid.randomPKCECodeVerifier()
    const nonce = openid.randomNonce()
    const state = openid.randomState()
    const address = openid.buildAuthorizationUrl(config, {
      redirect_uri: redirectUri,
      scope: `openid profile offline_access ${referrals}/.default`,
      code_challenge: await openid.calculatePKCECodeChallenge(verifier),
      code_challenge_method: 'S256',
      nonce,
      state,
    })
    const tokens = await openid.authorizationCodeGrant(config, await signIn(address), {
      pkceCodeVerifier: verifier,
      expectedNonce: nonce,
      expectedState: state,
      idTokenExpected: true,
    })
    expect(tokens.claims()).toMatchObject({ preferred_username: 'ana@partner.example', tid: tenantId, name: 'Ana Silva' })
    expect(simulator.verify(`Bearer ${tokens.access_token}`, referrals)).toMatchObject({ ok: true, claims: { amr: ['pwd', 'mfa'] } })
    const next = await openid.refreshTokenGrant(config, tokens.refresh_token ?? '', { scope: `${referrals}/.default` })
    expect(next.refresh_token).toBeTruthy()
    expect(next.refresh_token).not.toBe(tokens.refresh_token)
  })

  test('checks the signature of the id token against the published keys', async () => {
    const config = await discover()
    openid.enableNonRepudiationChecks(config)
    const address = openid.buildAuthorizationUrl(config, { redirect_uri: redirectUri, scope: `openid ${referrals}/.default`, state: 'x' })
    const tokens = await openid.authorizationCodeGrant(config, await signIn(address), { expectedState: 'x', idTokenExpected: true })
    expect(tokens.claims()?.sub).toBeTruthy()
  })

  test('gets an app-only token and meets the error of a wrong secret', async () => {
    const config = await discover()
    const tokens = await openid.clientCredentialsGrant(config, { scope: `${dataverse}/.default` })
    expect(simulator.verify(`Bearer ${tokens.access_token}`, dataverse)).toMatchObject({ ok: true, claims: { idtyp: 'app' } })
    const wrong = await discover('no')
    const refused = openid.clientCredentialsGrant(wrong, { scope: `${dataverse}/.default` })
    await expect(refused).rejects.toMatchObject({ error: 'invalid_client', status: 401 })
  })
})

describe('MSAL', () => {
  const networkClient: INetworkModule = {
    sendGetRequestAsync: (url, options) => call(url, 'GET', options),
    sendPostRequestAsync: (url, options) => call(url, 'POST', options),
  }
  async function call<T>(url: string, method: string, options?: { headers?: Record<string, string>; body?: string }) {
    const answer = await undiciFetch(url, { method, dispatcher, headers: options?.headers ?? {}, body: options?.body ?? null })
    // MSAL types the body by what it expects of each endpoint and checks it itself.
    return { headers: Object.fromEntries(answer.headers), body: (await answer.json()) as T, status: answer.status }
  }
  const settings = (clientId: string, extra: object = {}) => ({
    auth: { clientId, authority: `${listener.url}/${tenantId}`, knownAuthorities: [new URL(listener.url).host], ...extra },
    system: { networkClient },
  })

  test('gets an app-only token', async () => {
    const client = new ConfidentialClientApplication(settings('web-app', { clientSecret: 's3cret' }))
    const result = await client.acquireTokenByClientCredential({ scopes: [`${dataverse}/.default`] })
    expect(simulator.verify(`Bearer ${result?.accessToken ?? ''}`, dataverse).ok).toBe(true)
  })

  test('exchanges a refresh token that was kept from an earlier sign-in', async () => {
    const client = new ConfidentialClientApplication(settings('web-app', { clientSecret: 's3cret' }))
    const refreshToken = simulator.seedRefreshToken({ clientId: 'web-app', email: 'ana@partner.example' })
    const result = await client.acquireTokenByRefreshToken({ refreshToken, scopes: [`${referrals}/.default`] })
    expect(result?.account?.username).toBe('ana@partner.example')
    expect(simulator.verify(`Bearer ${result?.accessToken ?? ''}`, referrals).ok).toBe(true)
  })

  test('redeems a code with PKCE', async () => {
    const client = new ConfidentialClientApplication(settings('web-app', { clientSecret: 's3cret' }))
    const address = await client.getAuthCodeUrl({ scopes: [`${referrals}/.default`], redirectUri, state: 'abc' })
    const landed = await signIn(new URL(address))
    const code = landed.searchParams.get('code') ?? ''
    const result = await client.acquireTokenByCode({ code, scopes: [`${referrals}/.default`], redirectUri })
    expect(result.account?.tenantId).toBe(tenantId)
  })

  test('polls a device code until a person approves it', async () => {
    const client = new PublicClientApplication(settings('device-app'))
    const result = await client.acquireTokenByDeviceCode({
      scopes: [`${referrals}/.default`],
      deviceCodeCallback: ({ userCode }) => void simulator.answerDevice(userCode, { kind: 'approved', email: 'ana@partner.example' }),
    })
    expect(simulator.verify(`Bearer ${result?.accessToken ?? ''}`, referrals).ok).toBe(true)
  })
})
