import type { SimResponse } from '../http.js'
import type { Tenant } from './model.js'

/** A token request that Entra refuses; carries what the error body shows. */
export class Refusal extends Error {
  readonly status: number
  readonly error: string
  readonly code: number
  readonly suberror: string | null

  constructor(refused: { status: number; error: string; code: number; text: string; suberror?: string }) {
    super(refused.text)
    this.status = refused.status
    this.error = refused.error
    this.code = refused.code
    this.suberror = refused.suberror ?? null
  }
}

type Say = (about?: string) => Refusal

function refusal(status: number, error: string, code: number, text: (about: string) => string, suberror?: string): Say {
  return (about = '') => new Refusal({ status, error, code, text: text(about), ...(suberror === undefined ? {} : { suberror }) })
}

const notInstalled = 'This can happen if the application has not been installed by the administrator of the tenant.'

/**
 * The refusals this simulator knows, by what happened.
 * Source: learn.microsoft.com/entra/identity-platform/reference-error-codes, read 2023-10.
 */
export const refusals = {
  tenantUnknown: refusal(400, 'invalid_request', 90002, (tenant) => `Tenant '${tenant}' not found. Check the tenant ID.`),
  tenantMissing: refusal(400, 'invalid_request', 50059, () => 'No tenant-identifying information found in the request.'),
  clientUnknown: refusal(
    400,
    'unauthorized_client',
    700016,
    (client) => `Application with identifier '${client}' was not found in the directory. ${notInstalled}`,
  ),
  secretMissing: refusal(
    401,
    'invalid_client',
    7000218,
    () => "The request body must contain the following parameter: 'client_assertion' or 'client_secret'.",
  ),
  secretWrong: refusal(
    401,
    'invalid_client',
    7000215,
    (client) => `Invalid client secret provided. Send the secret value, not the secret ID, for a secret added to app '${client}'.`,
  ),
  secretExpired: refusal(401, 'invalid_client', 7000222, (client) => `The provided client secret keys for app '${client}' are expired.`),
  assertionSignature: refusal(
    401,
    'invalid_client',
    700027,
    () => 'The certificate with identifier used to sign the client assertion is not registered on application.',
  ),
  assertionTime: refusal(401, 'invalid_client', 700024, () => 'Client assertion is not within its valid time range.'),
  assertionAudience: refusal(401, 'invalid_client', 700023, () => 'Client assertion audience claim does not match Realm issuer.'),
  grantUnsupported: refusal(400, 'unsupported_grant_type', 70003, (grant) => `The app requested an unsupported grant type '${grant}'.`),
  parameterMissing: refusal(400, 'invalid_request', 900144, (name) => `The request body must contain the following parameter: '${name}'.`),
  resourceUnknown: refusal(
    400,
    'invalid_resource',
    500011,
    (resource) => `The resource principal named ${resource} was not found in the tenant. ${notInstalled}`,
  ),
  scopeInvalid: refusal(
    400,
    'invalid_scope',
    70011,
    (scope) => `The provided value for the input parameter 'scope' is not valid. The scope ${scope} is not valid.`,
  ),
  scopeNotDefault: refusal(
    400,
    'invalid_scope',
    1002012,
    (scope) => `The provided value for scope ${scope} is not valid. Client credential flows must have a scope value with /.default.`,
  ),
  consentMissing: refusal(
    400,
    'invalid_grant',
    65001,
    (about) => `The user or administrator has not consented to use the application with ID ${about}. Send an interactive request.`,
    'consent_required',
  ),
  grantMalformed: refusal(400, 'invalid_grant', 70000, () => 'Provided grant is invalid or malformed.'),
  refreshExpired: refusal(
    400,
    'invalid_grant',
    700082,
    (since) => `The refresh token has expired due to inactivity. The token was issued on ${since} and was inactive for too long.`,
    'token_expired',
  ),
  refreshRevoked: refusal(
    400,
    'invalid_grant',
    50173,
    () => 'The provided grant has expired due to it being revoked, a fresh auth token is needed.',
    'bad_token',
  ),
  codeExpired: refusal(400, 'invalid_grant', 70008, () => 'The provided authorization code has expired due to inactivity.'),
  codeRedeemed: refusal(400, 'invalid_grant', 54005, () => 'OAuth2 Authorization code was already redeemed, retry with a new valid code.'),
  verifierWrong: refusal(
    400,
    'invalid_grant',
    501481,
    () => 'The Code_Verifier does not match the code_challenge supplied in the authorization request.',
  ),
  redirectDiffers: refusal(
    400,
    'invalid_client',
    500112,
    (uri) => `The reply address '${uri}' does not match the reply address provided when requesting Authorization code.`,
  ),
  redirectUnknown: refusal(
    400,
    'invalid_request',
    50011,
    (uri) => `The redirect URI '${uri}' specified in the request does not match the redirect URIs configured for the application.`,
  ),
  devicePending: refusal(400, 'authorization_pending', 70016, () => 'OAuth 2.0 device flow error. Authorization is pending.'),
  deviceTooFast: refusal(400, 'slow_down', 70016, () => 'OAuth 2.0 device flow error. The client is polling too often.'),
  deviceExpired: refusal(400, 'expired_token', 70020, () => "The provided 'device_code' is not valid. It has expired."),
  deviceDeclined: refusal(400, 'authorization_declined', 70018, () => 'The user declined the authorization request.'),
  deviceUnknown: refusal(400, 'bad_verification_code', 70019, () => 'The device_code that was sent was not recognized.'),
} satisfies Record<string, Say>

/** The error body of the token endpoint. */
export function refusedAnswer(tenant: Tenant, refused: Refusal, base: string): SimResponse {
  const traceId = tenant.rng.guid()
  const correlationId = tenant.rng.guid()
  const timestamp = `${new Date(tenant.clock.now()).toISOString().slice(0, 19).replace('T', ' ')}Z`
  const trace = `Trace ID: ${traceId} Correlation ID: ${correlationId} Timestamp: ${timestamp}`
  return jsonAnswer(refused.status, {
    error: refused.error,
    error_description: `AADSTS${refused.code}: ${refused.message} ${trace}`,
    error_codes: [refused.code],
    timestamp,
    trace_id: traceId,
    correlation_id: correlationId,
    error_uri: `${base}/error?code=${refused.code}`,
    ...(refused.suberror === null ? {} : { suberror: refused.suberror }),
  })
}

export function jsonAnswer(status: number, body: unknown): SimResponse {
  return {
    status,
    headers: { 'content-type': 'application/json; charset=utf-8', 'cache-control': 'no-store', pragma: 'no-cache' },
    body: JSON.stringify(body),
  }
}
