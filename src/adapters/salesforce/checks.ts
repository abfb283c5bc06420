import { toFault } from '../../core/fault.js'
import type { Check } from '../../core/ports.js'
import type { MappedKind } from '../../core/mapping.js'
import { mappingChecks, type CheckedMapping } from '../mapping-checks.js'
import { stageChecks, type Status } from '../stage-checks.js'
import type { Codec } from './codec.js'
import type { Org } from './org.js'
import { AUDIT, IDENTIFIER, LINK, SYNC } from './profile.js'
import { textOf } from './row.js'
import { fieldIn, objectOf, type Schema } from './schema.js'

const skewWarnMs = 30_000
const skewFailMs = 3 * 60_000 // A signed assertion lives three minutes.
const usageWarn = 0.8

const pass = (name: string, detail: string): Check => ({ name, status: 'pass', detail, remedy: null })
const warn = (name: string, detail: string, remedy: string): Check => ({ name, status: 'warn', detail, remedy })
const fail = (name: string, detail: string, remedy: string): Check => ({ name, status: 'fail', detail, remedy })

/** Everything the connector needs of the org, each as one line with its remedy. Reads only. */
export async function checks(org: Org, signal: AbortSignal): Promise<Check[]> {
  const signIn: Check[] = []
  try {
    const { row, date } = await org.api.userInfo(signal)
    signIn.push(
      pass(
        'CRM sign-in',
        `Signed in to ${org.api.root} as ${textOf(row, 'preferred_username') ?? 'an unnamed user'} (API ${await org.api.version(signal)}).`,
      ),
      clockCheck(org, date),
    )
  } catch (error) {
    const fault = toFault(error)
    return [{ ...fail('CRM sign-in', fault.message, fault.remedy), fault: fault.kind }]
  }
  try {
    const schema = await org.schema(signal)
    return [
      ...signIn,
      ...fieldChecks(schema),
      currencyCheck(schema),
      ...stageLines(org, schema),
      versionCheck(org, await org.api.version(signal)),
      quotaCheck(org),
      ...kindsIn(schema).flatMap((kind) => mappingChecks(checkedOf(org.codecNow(kind)))),
    ]
  } catch (error) {
    const fault = toFault(error)
    return [...signIn, { ...fail('CRM objects', fault.message, fault.remedy), fault: fault.kind }]
  }
}

function clockCheck(org: Org, date: number | null): Check {
  if (date === null) return pass('CRM clock', 'The CRM does not tell its time.')
  const offMs = Math.abs(date - org.clock.now())
  const text = `This machine's clock and the CRM's differ by ${Math.round(offMs / 1000)} seconds.`
  if (offMs >= skewFailMs) return fail('CRM clock', text, "Set this machine's clock (NTP); sign-ins fail otherwise.")
  return offMs >= skewWarnMs ? warn('CRM clock', text, "Set this machine's clock (NTP).") : pass('CRM clock', text)
}

function fieldChecks(schema: Schema): Check[] {
  const install = 'Run "cosell install apply", and give the connector\'s user the permission set it brings.'
  const missing = [SYNC, IDENTIFIER, LINK, AUDIT].filter((name) => fieldIn(schema, 'Opportunity', name) === null)
  return [
    missing.length === 0
      ? pass('CRM fields', "Opportunities carry the connector's fields.")
      : fail('CRM fields', `Opportunity lacks ${missing.join(', ')}, or hides them from the connector's user.`, install),
    schema.solutions === null
      ? fail('CRM solutions object', 'There is no object "Microsoft Solutions" below opportunities.', install)
      : pass('CRM solutions object', `Solutions are rows of ${schema.solutions.name}.`),
    schema.objects.Lead === null
      ? warn('CRM leads', "The connector's user sees no leads.", 'Give it access to leads, or set sync.leads to false.')
      : fieldIn(schema, 'Lead', SYNC) === null || fieldIn(schema, 'Lead', IDENTIFIER) === null
        ? warn('CRM leads', 'Leads lack the switch or the referral identifier, so that they cannot be linked.', install)
        : pass('CRM leads', "Leads carry the connector's fields."),
  ]
}
function currencyCheck(schema: Schema): Check {
  const codes = [...schema.currencies.keys()]
  return codes.length === 0
    ? fail('CRM currencies', "The org's currency cannot be read.", "Check that the connector's user may use the SOAP API.")
    : pass('CRM currencies', `Deals can be in ${codes.join(', ')}.`)
}
const kindsIn = (schema: Schema): readonly MappedKind[] => (schema.objects.Lead === null ? ['opportunity'] : ['opportunity', 'lead'])

/** Every stage of a referral leads to a stage of the org, and every stage of the org means one. */
function stageLines(org: Org, schema: Schema): Check[] {
  const opportunity = schema.stages.map(({ value, closed, won }): Status => {
    const state = !closed ? 'open' : won ? 'won' : 'lost'
    return { values: { StageName: value, IsClosed: closed, IsWon: won }, words: value, state }
  })
  const lead = schema.leadStatuses.map(({ value, converted }): Status => {
    return { values: { Status: value, IsConverted: converted }, words: value, state: converted ? 'won' : 'open' }
  })
  return kindsIn(schema).flatMap((kind) => stageChecks(kind, org.codecNow(kind).stages, kind === 'lead' ? lead : opportunity))
}
function versionCheck({ api: { warning } }: Org, version: string): Check {
  const name = 'CRM API version'
  if (warning === null) return pass(name, `Version ${version} is spoken, and the org announces no end of it.`)
  return warn(name, `The org says of version ${version}: ${warning}`, 'Update cosell before that version ends.')
}
function quotaCheck(org: Org): Check {
  const { quota } = org.api
  if (quota === null) return pass('CRM API calls', 'The org does not tell its allocation.')
  const text = `${quota.used} of ${quota.limit} API calls of the last 24 hours are used.`
  return quota.used > quota.limit * usageWarn
    ? warn('CRM API calls', text, "Raise sync.poll, or have the org's allocation raised.")
    : pass('CRM API calls', text)
}

function checkedOf(codec: Codec): CheckedMapping {
  const objects = codec.kind === 'lead' ? (['lead'] as const) : (['opportunity', 'account', 'contact'] as const)
  const defaults = objects.flatMap((table) =>
    Object.entries(codec.mapping.defaults[table]).map(([name, value]) => ({
      table,
      name,
      value,
      column: fieldIn(codec.schema, objectOf(table), name),
      names: codec.schema.objects[objectOf(table)]?.keys() ?? [],
    })),
  )
  const rows = codec.rows.map(({ field, row, target }) => ({ field, row, column: target.kind === 'place' ? null : target.column }))
  return { kind: codec.kind, rows, broken: codec.broken, resting: codec.resting, defaults, word: 'field' }
}
