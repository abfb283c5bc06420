import { statSync } from 'node:fs'
import type { Config } from '../config/index.js'
import { SOLUTIONS } from '../core/deal.js'
import { isFault, toFault } from '../core/fault.js'
import type { Check, Clock, Store } from '../core/ports.js'
import type { WebhookRegistration } from '../adapters/partner-center/registration.js'
import type { TokenSource } from '../remote/send.js'
import type { Transport } from '../remote/transport.js'
import type { Mapping } from '../core/mapping.js'
import { requiredCheck } from './mapping.js'
import type { CrmConnection } from './parts.js'
import type { PartnerCenterConnection } from './partner-center.js'
import { publicAddressCheck } from './public-address.js'

export interface DoctorParts {
  readonly config: Config
  readonly partner: PartnerCenterConnection
  readonly crm: CrmConnection
  readonly registration: WebhookRegistration
  /** The mapping in force. */
  readonly mapping: () => Mapping
  readonly store: Store
  readonly clock: Clock
  readonly transport: Transport
  /** Whether this process serves webhooks now; a test event could not arrive otherwise. */
  readonly serving: () => boolean
  readonly nodeVersion: string
}

const pass = (name: string, detail: string): Check => ({ name, status: 'pass', detail, remedy: null })
const warn = (name: string, detail: string, remedy: string): Check => ({ name, status: 'warn', detail, remedy })
const fail = (name: string, detail: string, remedy: string): Check => ({ name, status: 'fail', detail, remedy })

const recommendedNode = 24
const dealsLookedAt = 200

/** Everything that must be in order, in the order in which a person would repair it. Nothing is changed but for one test event. */
export async function doctor(parts: DoctorParts, signal: AbortSignal): Promise<Check[]> {
  const { config, partner, transport, serving } = parts
  const address = await publicAddressCheck(config.server.publicUrl, { transport, serving: serving(), signal })
  const own = [nodeCheck(parts), address, ...(await storeChecks(parts)), ...sealChecks(parts)]
  const tokens = [
    await tokenCheck(
      'Partner Center: token for referrals',
      partner.tokens.referrals,
      'Microsoft Partner (4990cffe-04e8-4e8b-808a-1175604b879f)',
      signal,
    ),
    await tokenCheck(
      'Partner Center: token for the platform',
      partner.tokens.platform,
      'Microsoft Partner Center (fa3d9a0c-3fb0-42cc-9193-47c7ecd2edbd)',
      signal,
    ),
  ]
  const signedIn = tokens.every(({ status }) => status !== 'fail')
  const remote = signedIn ? [...(await partner.checks(signal)), ...(await webhookChecks(parts, signal)), await solutionCheck(parts)] : []
  return [...own, ...tokens, ...remote, ...(await crmChecks(parts, signal))]
}

/** A column that must be filled and that no row fills is a warning only: the CRM may fill it by itself before it looks. */
async function crmChecks({ crm, mapping }: DoctorParts, signal: AbortSignal): Promise<readonly Check[]> {
  crm.outdate() // A person asks how it is now, most often after mending something.
  const checks = await crm.checks(signal)
  try {
    const demanded = await requiredCheck(crm.adapter, mapping(), signal)
    return [...checks, demanded.status === 'fail' ? { ...demanded, status: 'warn' } : demanded]
  } catch (error) {
    if (!isFault(error)) throw error
    return checks // A CRM that cannot be asked has said so in the lines before.
  }
}

function nodeCheck({ nodeVersion }: DoctorParts): Check {
  const major = Number(nodeVersion.replace(/^v/, '').split('.')[0])
  return major >= recommendedNode
    ? pass('Node', nodeVersion)
    : warn('Node', `${nodeVersion} runs it; ${recommendedNode} is recommended.`, `Install Node ${recommendedNode} when you next upgrade.`)
}

async function storeChecks({ store, clock, config }: DoctorParts): Promise<Check[]> {
  try {
    const depth = await store.queue.depth(clock.now())
    const name = config.store.kind === 'postgres' ? 'PostgreSQL' : config.store.folder
    return [pass('store', `${name}: readable, migrated; ${depth.due} due, ${depth.later} later.`)]
  } catch (error) {
    return [fail('store', toFault(error).message, 'Check the setting "store" and that the database runs.')]
  }
}

/** One that we made is private, one that was copied may not be. What a container is given belongs to its host, whose rights are its own affair; Windows has none. */
function sealChecks({ config: { seal } }: DoctorParts): Check[] {
  if (seal.kind !== 'file') return []
  const [file, name, others] = [statSync(seal.path, { throwIfNoEntry: false }), 'sealing key', 0o077]
  if (file === undefined || file.uid !== process.getuid?.()) return []
  if ((file.mode & others) === 0) return [pass(name, `${seal.path} belongs to its owner only.`)]
  const rights = (file.mode & 0o777).toString(8).padStart(4, '0')
  return [warn(name, `${seal.path} can be read or changed by others of this machine (${rights}).`, `Run "chmod 600 ${seal.path}"; who has it and the store can open the sign-ins.`)]
}

async function tokenCheck(name: string, token: TokenSource, api: string, signal: AbortSignal): Promise<Check> {
  try {
    await token({ fresh: false, signal })
    return pass(name, 'A token is given.')
  } catch (error) {
    const fault = toFault(error)
    const consent = /AADSTS65001|consent/i.test(fault.message)
    return fail(
      name,
      fault.message,
      consent ? `Add the delegated permission user_impersonation of ${api} to the app registration and grant admin consent.` : fault.remedy,
    )
  }
}

async function webhookChecks({ registration, config, serving }: DoctorParts, signal: AbortSignal): Promise<Check[]> {
  const owner = 'Partner Center: webhook'
  const arrival = 'Partner Center: test event'
  const { publicUrl } = config.server
  const ours = publicUrl === null ? null : `${publicUrl.replace(/\/+$/, '')}/hooks/partner-center`
  try {
    const now = await registration.show(signal)
    if (now === null) return [warn(owner, 'Nothing is registered; changes are found by the sweep.', 'Run "cosell webhook register".')]
    if (now.url !== ours) {
      return [
        warn(
          owner,
          `${now.url} is registered, which is not this installation.`,
          'If that installation is no longer needed, run "cosell webhook register --overwrite"; it is kept for "cosell webhook restore".',
        ),
      ]
    }
    const missing = config.partnerCenter.webhook.events.filter((event) => !now.events.includes(event))
    const found =
      missing.length === 0
        ? pass(owner, `${now.url} is registered.`)
        : warn(owner, `Registered without ${missing.join(', ')}.`, 'Run "cosell webhook register".')
    if (!serving())
      return [
        found,
        warn(
          arrival,
          'Not sent: no service of this configuration is running to take it.',
          'Start the service and run "cosell doctor" again.',
        ),
      ]
    const result = await registration.test(signal)
    if (result.arrived) return [found, pass(arrival, 'Sent by Partner Center, signed, and accepted here.')]
    const answers = result.attempts.map(({ responseCode, message }) => `${responseCode} ${message}`.trim()).join('; ')
    return [
      found,
      fail(
        arrival,
        `It did not arrive (${result.status}${answers === '' ? '' : `: ${answers}`}).`,
        'Partner Center must reach the public address over https with a certificate that it trusts.',
      ),
    ]
  } catch (error) {
    const fault = toFault(error)
    // Two test events a minute are allowed.
    if (isFault(error) && error.kind === 'throttled')
      return [warn(arrival, 'Partner Center allows two test events a minute.', 'Try again in a minute.')]
    return [fail(owner, fault.message, fault.remedy)]
  }
}

/** Ids of solutions cannot be looked up by an API: those that past deals carry are known to be right. */
async function solutionCheck({ store }: DoctorParts): Promise<Check> {
  const name = 'Partner Center: solutions'
  const { links } = await store.list({ limit: dealsLookedAt, after: null })
  const ids = new Set(links.flatMap((link) => (link.base?.partner[SOLUTIONS] ?? []).map(({ id }) => id)))
  if (ids.size > 0) return pass(name, `${ids.size} solution ids are known from deals.`)
  return warn(
    name,
    'No deal has shown a solution id yet.',
    'Copy the ids from Partner Center (they look like SOL-12345-ABC) into the CRM, or run "cosell solutions import FILE".',
  )
}
