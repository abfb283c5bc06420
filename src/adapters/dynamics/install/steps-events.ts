import { Fault } from '../../../core/fault.js'
import type { CallbackWish } from '../../../core/ports.js'
import { flagOf, idOf, numberOf, query, quoted, textOf, type Row } from '../row.js'
import { DEAL_COLUMNS, DEAL_TABLES, type DealTable } from './blueprint.js'
import { escapeXml } from './forms.js'
import type { MetadataApi } from './metadata-api.js'
import { columnName } from './steps-tables.js'
import { present, wanted, type Desk, type Step } from './step.js'
import type { Survey } from './survey.js'

/**
 * Events of the CRM: one endpoint with the key in a header, and asynchronous steps that call it after a record was saved.
 * A lost event costs seconds only, because the change feed is read as well.
 * Source: learn.microsoft.com "Use webhooks to create external handlers for server events", serviceendpoint and sdkmessageprocessingstep
 * table references (read 2023-10).
 */
export const ENDPOINT_NAME = 'Co-sell connector'
export const KEY_HEADER = 'x-cosell-key'
const contract = 8
const httpHeader = 5
const stepName = (message: string, table: string): string => `cosell: ${message} of ${table}`

export interface StepSurvey {
  readonly id: string
  readonly name: string
  readonly filter: string | null
  readonly state: 'enabled' | 'disabled'
  readonly stage: number | null
  readonly mode: number | null
}
export interface EventSurvey {
  readonly endpoint: { readonly id: string; readonly url: string; readonly keySet: 'set' | 'missing' } | null
  readonly steps: readonly StepSurvey[]
}

export async function surveyEvents(api: MetadataApi, signal: AbortSignal): Promise<EventSurvey> {
  const filter = `contract eq ${contract} and name eq ${quoted(ENDPOINT_NAME)}`
  const [row] = await api.list(
    `serviceendpoints${query({ $select: 'serviceendpointid,name,url,isauthvalueset', $filter: filter })}`,
    'the webhook of the connector',
    signal,
  )
  const id = row === undefined ? null : idOf(row, 'serviceendpointid')
  if (row === undefined || id === null) return { endpoint: null, steps: [] }
  const members = 'sdkmessageprocessingstepid,name,stage,mode,statecode,filteringattributes'
  const steps = await api.list(
    `serviceendpoints(${id})/serviceendpoint_sdkmessageprocessingstep${query({ $select: members })}`,
    'the steps of the webhook',
    signal,
  )
  return {
    endpoint: { id, url: textOf(row, 'url') ?? '', keySet: flagOf(row, 'isauthvalueset') === true ? 'set' : 'missing' },
    steps: steps.map((step) => ({
      id: idOf(step, 'sdkmessageprocessingstepid') ?? '',
      name: textOf(step, 'name') ?? '',
      filter: textOf(step, 'filteringattributes'),
      state: numberOf(step, 'statecode') === 1 ? 'disabled' : 'enabled',
      stage: numberOf(step, 'stage'),
      mode: numberOf(step, 'mode'),
    })),
  }
}

const authValue = (key: string): string => `<settings><setting name="${KEY_HEADER}" value="${escapeXml(key)}" /></settings>`

/** Columns whose change may matter to Partner Center. An update that sends none of them calls nobody. */
const standard: Readonly<Record<DealTable, readonly string[]>> = {
  opportunity: [
    'name',
    'description',
    'estimatedvalue',
    'estimatedclosedate',
    'transactioncurrencyid',
    'statecode',
    'statuscode',
    'ownerid',
    'customerid',
    'parentaccountid',
    'parentcontactid',
    'stepname',
  ],
  lead: [
    'subject',
    'description',
    'estimatedamount',
    'estimatedclosedate',
    'transactioncurrencyid',
    'statecode',
    'statuscode',
    'ownerid',
    'companyname',
    'firstname',
    'lastname',
    'emailaddress1',
    'telephone1',
  ],
}
const watched = [
  'SyncWithPartnerCenter',
  'ReferralVisibility',
  'Help',
  'PurchaseIntent',
  'NotesToMicrosoft',
  'ClosingReason',
  'DeclineReason',
  'ReferralIdentifier',
]

/** The columns that are there: the platform refuses a step that names another. */
export function filterOf(survey: Survey, name: DealTable, mapped: readonly string[]): string {
  const table = survey.tables.get(name)
  const own = DEAL_COLUMNS.filter(({ schemaName }) => watched.includes(schemaName.replace('cosell_', ''))).map((column) =>
    columnName(table, column),
  )
  const wanted = [...standard[name], ...own, ...mapped]
  return [...new Set(wanted)].filter((column) => table?.columns.has(column)).join(',')
}

interface Wanted {
  readonly message: string
  readonly table: string
  readonly filter: string | null
}

function wantedSteps(survey: Survey, mapped: readonly string[]): Wanted[] {
  const deals = DEAL_TABLES.filter((name) => survey.tables.has(name)).flatMap((name): Wanted[] => [
    { message: 'Create', table: name, filter: null },
    { message: 'Update', table: name, filter: filterOf(survey, name, mapped) },
    { message: 'Delete', table: name, filter: null },
  ])
  const closing = [
    { message: 'WinOpportunity', table: 'opportunity', filter: null },
    { message: 'LoseOpportunity', table: 'opportunity', filter: null },
    ...(survey.tables.has('lead') ? [{ message: 'QualifyLead', table: 'lead', filter: null }] : []),
  ]
  const solutions = survey.solutions?.table.name
  const children =
    solutions === undefined ? [] : ['Create', 'Update', 'Delete'].map((message) => ({ message, table: solutions, filter: null }))
  return [...deals, ...closing, ...children]
}

export interface EventWish {
  readonly callback: CallbackWish
  /** Columns of the mapping beyond the connector's own. */
  readonly mapped: readonly string[]
  /** The key cannot be read back: `rekey` writes it, `keep` believes that one is set. */
  readonly key: 'rekey' | 'keep'
  readonly written: () => void
}

export async function eventSteps(api: MetadataApi, survey: Survey, asked: EventWish, signal: AbortSignal): Promise<Step[]> {
  const events = await surveyEvents(api, signal)
  const { callback: wish, key } = asked
  const { endpoint } = events
  const id = 'webhook'
  const what = `Webhook to ${wish.url}`
  const head =
    endpoint === null
      ? wanted('events', { id, what, change: 'create', make: (desk) => createEndpoint(desk, wish).then(asked.written) })
      : endpoint.url === wish.url && endpoint.keySet === 'set' && key === 'keep'
        ? present('events', id, what)
        : wanted('events', {
            id,
            what,
            state: 'differs',
            change: endpoint.url === wish.url ? 'set its key' : `point it here instead of ${endpoint.url}`,
            make: (desk) => changeEndpoint(desk, endpoint.id, wish).then(asked.written),
          })
  const steps: Step[] = []
  for (const step of wantedSteps(survey, asked.mapped)) {
    const isThere = events.steps.some(({ name }) => name === stepName(step.message, step.table))
    const offered = isThere ? null : await messageFilter(api, step, signal)
    // A message that this environment does not offer is covered by Update and by the change feed.
    if (isThere || offered !== null) steps.push(eventStep(events, step, offered))
  }
  return [head, ...steps]
}

async function createEndpoint({ api, signal, survey }: Desk, wish: CallbackWish): Promise<void> {
  const body = {
    name: ENDPOINT_NAME,
    url: wish.url,
    contract,
    authtype: httpHeader,
    authvalue: authValue(wish.key),
    connectionmode: 1,
    messageformat: 2,
    userclaim: 1,
  }
  await api.write({ method: 'POST', path: 'serviceendpoints', body, what: 'the webhook', solution: survey.solution.uniqueName }, signal)
}

async function changeEndpoint({ api, signal, survey }: Desk, id: string, wish: CallbackWish): Promise<void> {
  const body = { url: wish.url, authtype: httpHeader, authvalue: authValue(wish.key) }
  const { uniqueName } = survey.solution
  await api.write({ method: 'PATCH', path: `serviceendpoints(${id})`, body, what: 'the webhook', solution: uniqueName }, signal)
}

function eventStep(events: EventSurvey, wish: Wanted, offered: Offered | null): Step {
  const name = stepName(wish.message, wish.table)
  const id = `step:${wish.table}.${wish.message}`
  const what = `Event ${wish.message} of ${wish.table}`
  const found = events.steps.find((step) => step.name === name)
  const make = (desk: Desk): Promise<void> => makeStep(desk, wish, offered)
  if (found === undefined) return wanted('events', { id, what, change: 'register', make })
  const isRight = found.state === 'enabled' && (wish.filter === null || sameSet(found.filter ?? '', wish.filter))
  if (isRight) return present('events', id, what)
  const correct = async ({ api, signal, survey }: Desk): Promise<void> => {
    const body = { ...(wish.filter === null ? {} : { filteringattributes: wish.filter }), statecode: 0, statuscode: 1 }
    const { uniqueName } = survey.solution
    await api.write({ method: 'PATCH', path: `sdkmessageprocessingsteps(${found.id})`, body, what, solution: uniqueName }, signal)
  }
  return wanted('events', { id, what, state: 'differs', change: 'correct its filter and enable it', make: correct })
}

const sameSet = (one: string, other: string): boolean => [...one.split(',')].sort().join() === [...other.split(',')].sort().join()

interface Offered {
  readonly message: string
  readonly filter: string
}

async function makeStep({ api, signal, survey }: Desk, { message, table, filter }: Wanted, offered: Offered | null): Promise<void> {
  const { endpoint } = await surveyEvents(api, signal)
  if (endpoint === null || offered === null)
    throw new Fault('ambiguous', 'The webhook that was just made does not show yet.', { remedy: 'Run the command again.' })
  const body = {
    name: stepName(message, table),
    description: 'Tells the co-sell connector where to look.',
    stage: 40,
    mode: 1,
    rank: 1,
    supporteddeployment: 0,
    asyncautodelete: true,
    ...(filter === null ? {} : { filteringattributes: filter }),
    'sdkmessageid@odata.bind': `/sdkmessages(${offered.message})`,
    'sdkmessagefilterid@odata.bind': `/sdkmessagefilters(${offered.filter})`,
    'eventhandler_serviceendpoint@odata.bind': `/serviceendpoints(${endpoint.id})`,
  }
  await api.write(
    {
      method: 'POST',
      path: 'sdkmessageprocessingsteps',
      body,
      what: `the event ${message} of ${table}`,
      solution: survey.solution.uniqueName,
    },
    signal,
  )
}

async function messageFilter(
  api: MetadataApi,
  wish: { readonly message: string; readonly table: string },
  signal: AbortSignal,
): Promise<Offered | null> {
  const filter = `primaryobjecttypecode eq ${quoted(wish.table)} and sdkmessageid/name eq ${quoted(wish.message)}`
  const rows: readonly Row[] = await api.list(
    `sdkmessagefilters${query({ $select: 'sdkmessagefilterid,_sdkmessageid_value,iscustomprocessingstepallowed', $filter: filter })}`,
    `the event ${wish.message} of ${wish.table}`,
    signal,
  )
  const row = rows.find((one) => flagOf(one, 'iscustomprocessingstepallowed') !== false)
  const [id, message] = [row && idOf(row, 'sdkmessagefilterid'), row && idOf(row, '_sdkmessageid_value')]
  return id && message ? { filter: id, message } : null
}

/** Takes the steps away, then the endpoint. Answers what was removed. */
export async function removeEvents(api: MetadataApi, signal: AbortSignal): Promise<readonly string[]> {
  const { endpoint, steps } = await surveyEvents(api, signal)
  if (endpoint === null) return []
  const removed: string[] = []
  const gone = (error: unknown): void => {
    if (!(error instanceof Fault) || error.kind !== 'missing') throw error // Somebody else was quicker: it is gone, as asked.
  }
  for (const step of steps) {
    await api
      .write({ method: 'DELETE', path: `sdkmessageprocessingsteps(${step.id})`, body: null, what: step.name, solution: null }, signal)
      .catch(gone)
    removed.push(step.name)
  }
  await api
    .write({ method: 'DELETE', path: `serviceendpoints(${endpoint.id})`, body: null, what: 'the webhook', solution: null }, signal)
    .catch(gone)
  return [...removed, `webhook to ${endpoint.url}`]
}
