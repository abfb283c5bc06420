import { Fault, toFault } from '../../core/fault.js'
import type { MappedKind } from '../../core/mapping.js'
import type { Check } from '../../core/ports.js'
import type { BoundRow, Codec } from './codec.js'
import type { Environment } from './environment.js'
import { feedTables } from './feed-tables.js'
import { AUDIT, IDENTIFIER, LINK, SYNC } from './profile.js'
import { query, textOf } from './row.js'
import { columnIn, type Schema } from './schema.js'
import type { Column } from '../column.js'
import { mappingChecks, type CheckedMapping } from '../mapping-checks.js'
import { stageChecks, type Status } from '../stage-checks.js'
import { securedColumns, type SecuredColumns } from './secured-columns.js'

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
    return [...signIn, { ...fail('CRM tables', fault.message, fault.remedy), fault: fault.kind }]
  }
  return [
    ...signIn,
    ...fieldChecks(schema),
    trackingCheck(schema),
    currencyCheck(schema),
    ...(await mappingLines(environment, schema, signal)),
    ...stageLines(environment, schema),
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
    return [{ ...fail('CRM sign-in', fault.message, fault.remedy), fault: fault.kind }]
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

const pointing = ({ catalogue }: NonNullable<Schema['solutions']>): string => (catalogue === null ? '' : ` that point to entries of ${catalogue.set}`)

function fieldChecks(schema: Schema): Check[] {
  const missing = [SYNC, IDENTIFIER, LINK, AUDIT].filter((name) => columnIn(schema, 'opportunity', name) === null)
  const sync = columnIn(schema, 'opportunity', SYNC)?.name ?? ''
  const whose = sync.startsWith('msft_') ? 'the columns of Microsoft\'s referral connector' : 'the connector\'s own columns'
  const install = 'Run "cosell install apply" (or import the package of "cosell install package").'
  return [
    missing.length === 0 ? pass('CRM fields', `Opportunities use ${whose}.`) : fail('CRM fields', `The opportunity table lacks ${missing.join(', ')}.`, install),
    schema.solutions === null
      ? fail('CRM solutions table', 'There is no table "Microsoft Solutions" below opportunities.', install)
      : pass('CRM solutions table', `Solutions are rows of table ${schema.solutions.name}${pointing(schema.solutions)}.`),
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

const kindsIn = (schema: Schema): readonly MappedKind[] => (schema.tables.lead === null ? ['opportunity'] : ['opportunity', 'lead'])

async function mappingLines(environment: Environment, schema: Schema, signal: AbortSignal): Promise<Check[]> {
  const codecs = kindsIn(schema).map((kind) => environment.codecNow(kind))
  const bound = codecs.flatMap((codec) => codec.rows.flatMap((row) => (row.target.kind === 'place' ? [] : [placeOf(codec, row.target)])))
  const names: Record<string, string[]> = {}
  for (const { table, column } of bound) (names[table] ??= []).push(column.name)
  const secured = await securedColumns(environment.api, { userId: schema.self?.userId ?? '', names, signal })
  const lines = codecs.flatMap((codec) => mappingChecks(checkedOf(codec, secured)))
  if (secured.untold.length === 0) return lines
  return [...lines, warn('CRM column security', `Mapped columns are secured, and the environment does not tell whether our user may read them: ${secured.untold.join(', ')}.`, 'A user who may not read a secured column sees it empty: give ours a column security profile that allows it.')]
}

type ColumnTarget = Exclude<BoundRow['target'], { kind: 'place' }>
const placeOf = (codec: Codec, target: ColumnTarget): { readonly table: string; readonly column: Column } => ({
  table: target.kind === 'related' ? target.relation : codec.kind,
  column: target.column,
})

function checkedOf(codec: Codec, secured: SecuredColumns): CheckedMapping {
  const columnOf = (target: BoundRow['target']): Column | null => {
    if (target.kind === 'place') return null
    const { table, column } = placeOf(codec, target)
    const rights = secured.rights.get(`${table}.${column.name}`)
    return rights === undefined ? column : { ...column, secured: rights }
  }
  const tables = codec.kind === 'lead' ? (['lead'] as const) : (['opportunity', 'account', 'contact'] as const)
  const defaults = tables.flatMap((table) =>
    Object.entries(codec.mapping.defaults[table])
      .filter(([name]) => !name.includes('@'))
      .map(([name, value]) => ({
        table,
        name,
        value,
        column: columnIn(codec.schema, table, name),
        names: codec.schema.tables[table]?.columns.keys() ?? [],
      })),
  )
  const rows = codec.rows.map(({ field, row, target }) => ({ field, row, column: columnOf(target) }))
  return { kind: codec.kind, rows, broken: codec.broken, resting: codec.resting, defaults, word: 'column' }
}

const STATES = ['open', 'won', 'lost'] as const

/** Every stage must lead to a state and a reason that the table has, and every reason must mean a stage. */
function stageLines(environment: Environment, schema: Schema): Check[] {
  return kindsIn(schema).flatMap((kind) => {
    const options = columnIn(schema, kind, 'statuscode')?.options ?? []
    const statuses = options.flatMap(({ value, label, state }): Status[] => {
      const words = STATES[state ?? -1]
      return words === undefined ? [] : [{ values: { statecode: state ?? 0, statuscode: value }, words: label, state: words }]
    })
    const name = kind === 'lead' ? 'CRM lead stages' : 'CRM stages'
    if (statuses.length === 0) return [warn(name, 'The environment does not tell its status reasons.', 'Look whether "stages" of the mapping has them all.')]
    return stageChecks(kind, environment.settings.mapping.stages[kind], statuses)
  })
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
