import { labelKey } from '../../core/conversions.js'
import { CODE_LABELS, HELP_LABELS } from '../../core/conversions.js'
import { FIELDS } from '../../core/deal.js'
import { Fault, toFault } from '../../core/fault.js'
import type { MappedKind } from '../../core/mapping.js'
import type { Check } from '../../core/ports.js'
import type { BoundRow, Codec } from './codec.js'
import type { Environment } from './environment.js'
import { feedTables } from './feed-tables.js'
import { AUDIT, IDENTIFIER, LINK, SYNC } from './profile.js'
import { query, textOf } from './row.js'
import { columnIn, type Schema } from './schema.js'
import { writeScalar } from '../values.js'

const skewWarnMs = 30_000
const skewFailMs = 5 * 60_000 // Tokens are not accepted from clocks that are further off.

const pass = (name: string, detail: string): Check => ({ name, status: 'pass', detail, remedy: null })
const warn = (name: string, detail: string, remedy: string): Check => ({ name, status: 'warn', detail, remedy })
const fail = (name: string, detail: string, remedy: string): Check => ({ name, status: 'fail', detail, remedy })

/** Everything the connector needs of the CRM, each as one line with its remedy. Reads only. */
export async function checks(environment: Environment, signal: AbortSignal): Promise<Check[]> {
  const signIn = await signInChecks(environment, signal)
  if (signIn.some(({ status }) => status === 'fail')) return signIn
  let schema: Schema
  try {
    schema = await environment.schema(signal)
  } catch (error) {
    const fault = toFault(error)
    return [...signIn, fail('CRM tables', fault.message, fault.remedy)]
  }
  return [
    ...signIn,
    ...fieldChecks(schema),
    trackingCheck(schema),
    currencyCheck(schema),
    ...mappingChecks(environment, schema),
    stageCheck(environment, schema),
    ...(await roleChecks(environment, schema, signal)),
  ]
}

async function signInChecks(environment: Environment, signal: AbortSignal): Promise<Check[]> {
  try {
    const page = await environment.api.page({ path: `organizations${query({ $select: 'name' })}`, what: 'the organization' }, signal)
    const name = page.rows[0] === undefined ? null : textOf(page.rows[0], 'name')
    const me = await environment.api.get({ path: 'WhoAmI', what: 'the application user' }, signal)
    const user = me === null ? 'an unknown user' : (textOf(me, 'UserId') ?? 'an unknown user')
    return [pass('CRM sign-in', `Signed in to ${environment.api.root}${name === null ? '' : ` (${name})`} as application user ${user}.`), clockCheck(environment, page.headers['date'])]
  } catch (error) {
    const fault = toFault(error)
    return [fail('CRM sign-in', fault.message, fault.remedy)]
  }
}

function clockCheck(environment: Environment, date: string | undefined): Check {
  const server = Date.parse(date ?? '')
  if (Number.isNaN(server)) return pass('CRM clock', 'The CRM does not tell its time.')
  const offMs = Math.abs(server - environment.clock.now())
  const text = `This machine's clock and the CRM's differ by ${Math.round(offMs / 1000)} seconds.`
  if (offMs >= skewFailMs) return fail('CRM clock', text, 'Set this machine\'s clock (NTP); sign-ins fail otherwise.')
  return offMs >= skewWarnMs ? warn('CRM clock', text, 'Set this machine\'s clock (NTP).') : pass('CRM clock', text)
}

function fieldChecks(schema: Schema): Check[] {
  const missing = [SYNC, IDENTIFIER, LINK, AUDIT].filter((name) => columnIn(schema, 'opportunity', name) === null)
  const sync = columnIn(schema, 'opportunity', SYNC)?.name ?? ''
  const whose = sync.startsWith('msft_') ? 'the columns of Microsoft\'s referral connector' : 'the connector\'s own columns'
  const install = 'Run "cosell install apply" (or import the package of "cosell install package").'
  return [
    missing.length === 0 ? pass('CRM fields', `Opportunities use ${whose}.`) : fail('CRM fields', `The opportunity table lacks ${missing.join(', ')}.`, install),
    schema.solutions === null
      ? fail('CRM solutions table', 'There is no table "Microsoft Solutions" below opportunities.', install)
      : pass('CRM solutions table', `Solutions are rows of table ${schema.solutions.name}.`),
    schema.tables.lead === null
      ? warn('CRM leads', 'This environment has no lead table.', 'Set sync.leads to false, or install Dynamics 365 Sales.')
      : columnIn(schema, 'lead', SYNC) === null || columnIn(schema, 'lead', IDENTIFIER) === null
        ? warn('CRM leads', 'The lead table lacks the switch or the referral identifier, so that leads cannot be linked.', install)
        : pass('CRM leads', 'Leads carry the connector\'s columns.'),
  ]
}

function trackingCheck(schema: Schema): Check {
  const untracked = feedTables(schema).filter(({ tracked }) => !tracked).map(({ name }) => name)
  if (untracked.length === 0) return pass('CRM change tracking', 'Change tracking is on for every table that matters.')
  return warn(
    'CRM change tracking',
    `Change tracking is off for ${untracked.join(', ')}; changes are found by their time instead, and deletions there are not seen.`,
    'Run "cosell install apply", or switch on "Track changes" for these tables.',
  )
}

function currencyCheck(schema: Schema): Check {
  const codes = [...(schema.currencies?.keys() ?? [])]
  return codes.length === 0
    ? fail('CRM currencies', 'No active currency can be read.', 'Give the application user read access to currencies, or add one.')
    : pass('CRM currencies', `Deals can be in ${codes.join(', ')}.`)
}

function mappingChecks(environment: Environment, schema: Schema): Check[] {
  const kinds: readonly MappedKind[] = schema.tables.lead === null ? ['opportunity'] : ['opportunity', 'lead']
  return kinds.map((kind) => {
    const problems = mappingProblems(environment.codecNow(kind))
    const name = `Mapping of ${kind === 'lead' ? 'leads' : 'opportunities'}`
    return problems.length === 0 ? pass(name, 'Every row has a column that takes its values.') : fail(name, problems.join(' '), 'Correct these rows of the mapping.')
  })
}

const stateWords: Readonly<Record<number, string>> = { 0: 'open', 1: 'won', 2: 'lost' }

/** Every stage must lead to a state and a reason that the table has, and a closed referral to a closed record. */
function stageCheck(environment: Environment, schema: Schema): Check {
  const reasons = columnIn(schema, 'opportunity', 'statuscode')?.options ?? null
  const problems = environment.settings.mapping.stages.opportunity.rows.flatMap(({ pattern, crm: { statecode, statuscode } }) => {
    const wanted = pattern === 'Closed/Won' ? 1 : pattern.startsWith('Closed/') ? 2 : 0
    const said: string[] = []
    if (statecode !== wanted) said.push(`${pattern} needs statecode ${wanted} (${stateWords[wanted] ?? ''}).`)
    if (reasons !== null && !reasons.some(({ value }) => value === statuscode)) said.push(`${pattern}: there is no status reason ${String(statuscode)}.`)
    return said
  })
  return problems.length === 0
    ? pass('CRM stages', 'Every stage of a referral has a status of the opportunity.')
    : fail('CRM stages', problems.join(' '), 'Correct "stages" of the mapping, or add the status reason in the CRM.')
}

/** Rows that name no column, cannot be written, or hold values that a choice column has no option for. */
export function mappingProblems(codec: Codec): string[] {
  return [...codec.broken.map(({ row, why }) => `${row.field}: ${why}`), ...codec.rows.flatMap(rowProblems)]
}

function rowProblems({ field, row, target }: BoundRow): string[] {
  if (target.kind === 'place') return []
  const { column } = target
  const problems: string[] = []
  if (!column.writable && row.flow !== 'to-partner') problems.push(`${field}: column "${column.name}" cannot be written; use "flow: to-partner".`)
  if (column.type === 'lookup' || column.type === 'other') problems.push(`${field}: column "${column.name}" is of a kind the connector does not write.`)
  if (FIELDS[field].kind === 'money' && !['money', 'number', 'integer'].includes(column.type)) problems.push(`${field}: column "${column.name}" holds no amounts.`)
  return [...problems, ...choiceProblems({ field, row, target })]
}

function choiceProblems({ field, row, target }: BoundRow): string[] {
  if (target.kind === 'place' || target.column.type !== 'choice') return []
  const { column } = target
  const wanted = row.values !== null ? Object.values(row.values) : field === 'inviteContext.assistanceRequestCode' ? Object.keys(HELP_LABELS).map((code) => CODE_LABELS[code as keyof typeof CODE_LABELS]?.[0] ?? code) : [] // keys of the one are keys of the other
  const uncovered = wanted.filter((value) => !writeScalar(column, value, { precision: 0 }).ok)
  const problems = uncovered.map((value) => `${field}: column "${column.name}" has no option "${String(value)}".`)
  if (row.values === null) return problems
  const listed = new Set(Object.values(row.values).map((value) => labelKey(String(value))))
  const unmapped = column.options?.filter(({ label }) => !listed.has(labelKey(label))) ?? []
  return unmapped.length === 0 ? problems : [...problems, `${field}: "values" leaves out ${unmapped.map(({ label }) => `"${label}"`).join(', ')}.`]
}

/** Harmless reads that show whether the application user's role reaches every table. */
async function roleChecks(environment: Environment, schema: Schema, signal: AbortSignal): Promise<Check[]> {
  const tables = [...feedTables(schema).map(({ name, set, id }) => ({ name, set, id })), { name: 'systemuser', set: 'systemusers', id: 'systemuserid' }]
  const questions = tables.map(({ name, set, id }) => ({ path: `${set}?$select=${id}&$top=1`, what: `table ${name}` }))
  const answers = await environment.api.ask(questions, signal)
  const refused = answers.flatMap((answer, index) => (answer instanceof Fault ? [`${tables[index]?.name ?? ''}: ${answer.message}`] : []))
  if (refused.length === 0) return [pass('CRM role', 'The application user may read every table that matters.')]
  return [fail('CRM role', refused.join(' '), 'Give the application user a role with organization-level read, and create and write on opportunity, lead, account and contact.')]
}
