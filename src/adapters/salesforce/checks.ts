import { FIELDS } from '../../core/deal.js'
import { toFault } from '../../core/fault.js'
import type { Check } from '../../core/ports.js'
import type { BoundRow, Codec } from './codec.js'
import type { Org } from './org.js'
import { AUDIT, IDENTIFIER, LINK, SYNC } from './profile.js'
import { textOf } from './row.js'
import { fieldIn, type Schema } from './schema.js'

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
    return [fail('CRM sign-in', fault.message, fault.remedy)]
  }
  try {
    const schema = await org.schema(signal)
    return [
      ...signIn,
      ...fieldChecks(schema),
      currencyCheck(schema),
      stageCheck(org, schema),
      quotaCheck(org),
      ...mappingChecks(org, schema),
    ]
  } catch (error) {
    const fault = toFault(error)
    return [...signIn, fail('CRM objects', fault.message, fault.remedy)]
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
function stageCheck(org: Org, schema: Schema): Check {
  const known = new Set(schema.stages.map(({ value }) => value))
  const wrong = org
    .codecNow('opportunity')
    .stages.rows.filter(({ crm }) => typeof crm['StageName'] === 'string' && !known.has(crm['StageName']))
  if (wrong.length > 0)
    return fail(
      'CRM stages',
      `The org has no stage ${wrong.map(({ crm }) => `"${String(crm['StageName'])}"`).join(', ')}.`,
      'Correct "stages" of the mapping, or add the stages in the org.',
    )
  const text = org
    .codecNow('opportunity')
    .stages.rows.map(({ pattern, crm }) => `${pattern} is "${String(crm['StageName'])}"`)
    .join(', ')
  return pass('CRM stages', `${text}.`)
}
function quotaCheck(org: Org): Check {
  const { quota } = org.api
  if (quota === null) return pass('CRM API calls', 'The org does not tell its allocation.')
  const text = `${quota.used} of ${quota.limit} API calls of the last 24 hours are used.`
  return quota.used > quota.limit * usageWarn
    ? warn('CRM API calls', text, "Raise sync.poll, or have the org's allocation raised.")
    : pass('CRM API calls', text)
}

function mappingChecks(org: Org, schema: Schema): Check[] {
  const kinds = schema.objects.Lead === null ? (['opportunity'] as const) : (['opportunity', 'lead'] as const)
  return kinds.map((kind) => {
    const problems = mappingProblems(org.codecNow(kind))
    const name = `Mapping of ${kind === 'lead' ? 'leads' : 'opportunities'}`
    return problems.length === 0
      ? pass(name, 'Every row has a field that takes its values.')
      : fail(name, problems.join(' '), 'Correct these rows of the mapping.')
  })
}
/** Rows that name no field, cannot be written, or hold values that a picklist has no option for. */
function mappingProblems(codec: Codec): string[] {
  return [...codec.broken.map(({ row, why }) => `${row.field}: ${why}`), ...codec.rows.flatMap(rowProblems)]
}
function rowProblems({ field, row, target }: BoundRow): string[] {
  if (target.kind === 'place') return []
  const { column } = target
  const problems: string[] = []
  if (!column.writable && row.flow !== 'to-partner')
    problems.push(`${field}: field "${column.name}" cannot be written; use "flow: to-partner".`)
  if (column.type === 'lookup' || column.type === 'other')
    problems.push(`${field}: field "${column.name}" is of a kind the connector does not write.`)
  if (FIELDS[field].kind === 'money' && !['money', 'number', 'integer'].includes(column.type))
    problems.push(`${field}: field "${column.name}" holds no amounts.`)
  return problems
}
