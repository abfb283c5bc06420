import type { Change, Hooks } from './change.js'
import { authTypes, settingsOf } from './endpoint-auth.js'
import { coded, invalidArgument, notSupported } from './errors.js'
import type { Table } from './metadata-model.js'
import type { Row } from './row-store.js'
import { list, stepsChanged } from './steps.js'
import { table as tableNamed, type World } from './world.js'

const webhook = 8
const postOperation = 40

function endpointBefore({ cells, sent, world }: Change): void {
  if (sent.has('authvalue')) cells['isauthvalueset'] = (cells['authvalue'] ?? null) !== null
  if (sent.has('saskey')) cells['issaskeyset'] = (cells['saskey'] ?? null) !== null
  if (sent.has('sastoken')) cells['issastokenset'] = (cells['sastoken'] ?? null) !== null
  if (cells['contract'] !== webhook) {
    if ((cells['namespaceaddress'] ?? null) === null) throw invalidArgument('A service bus endpoint needs a namespaceaddress.')
    return
  }
  requireUrl(world, String(cells['url'] ?? ''))
  const authType = cells['authtype']
  const isKnown = Object.values(authTypes).some((known) => known === authType)
  if (!isKnown) throw invalidArgument('A webhook needs the authtype 4 (WebhookKey), 5 (HttpHeader) or 6 (HttpQueryString).')
  const value = cells['authvalue'] ?? null
  if (value === null) throw coded(400, '0x80050203', 'A webhook needs an authvalue.')
  if (authType !== authTypes.webhookKey) settingsOf(String(value))
}

function requireUrl(world: World, url: string): void {
  const parsed = URL.canParse(url) ? new URL(url) : null
  const loopback = parsed !== null && ['127.0.0.1', 'localhost', '[::1]'].includes(parsed.hostname)
  if (parsed?.protocol === 'https:' || (parsed?.protocol === 'http:' && loopback && world.options.eventUrl === 'https-or-loopback')) return
  throw invalidArgument(`The webhook URL '${url}' is not valid: it has to start with https.`)
}

const referenced = (from: Table, change: Change, column: string): Row | undefined => {
  const cell = change.cells[column]
  return typeof cell === 'object' && cell !== null ? from.rows.get(cell.id) : undefined
}

function stepBefore(change: Change): void {
  const { world, cells } = change
  const message = referenced(tableNamed(world, 'sdkmessage'), change, 'sdkmessageid')
  const filter = referenced(tableNamed(world, 'sdkmessagefilter'), change, 'sdkmessagefilterid')
  const filterMessage = filter?.cells['sdkmessageid']
  if (filter !== undefined && (typeof filterMessage !== 'object' || filterMessage?.id !== message?.id)) {
    throw invalidArgument('The message of the step is not the message of its filter.')
  }
  if (filter?.cells['iscustomprocessingstepallowed'] === false)
    throw invalidArgument('Custom steps are not allowed on this message of this table.')
  if (cells['mode'] === 1 && cells['stage'] !== postOperation)
    throw invalidArgument('Asynchronous steps must be registered in the post-operation stage (40).')
  if (![10, 20, postOperation].includes(Number(cells['stage'])))
    throw invalidArgument(`Steps cannot be registered in stage ${String(cells['stage'])}.`)
  const handler = cells['eventhandler']
  if (typeof handler !== 'object' || handler === null)
    throw invalidArgument('A step needs an event handler: bind eventhandler_serviceendpoint.')
  const endpoint = tableNamed(world, 'serviceendpoint').rows.get(handler.id)
  const isWebhook = endpoint?.cells['contract'] === webhook
  if (isWebhook && (cells['configuration'] ?? null) !== null) throw invalidArgument('The configuration of a webhook step must be empty.')
  if (cells['mode'] === 0) {
    if (!isWebhook) throw invalidArgument('Only webhooks can be called synchronously.')
    throw notSupported('Synchronous webhook steps are not simulated: a connector must never hold up the people who save.')
  }
  const table = world.model.tables.get(String(filter?.cells['primaryobjecttypecode'] ?? ''))
  for (const column of list(String(cells['filteringattributes'] ?? ''))) {
    if (table !== undefined && !table.columns.has(column))
      throw invalidArgument(`The filtering attribute '${column}' does not exist on ${table.name}.`)
  }
}

function imageBefore(change: Change): void {
  const { world, cells } = change
  const step = referenced(tableNamed(world, 'sdkmessageprocessingstep'), change, 'sdkmessageprocessingstepid')
  const messageRef = step?.cells['sdkmessageid']
  const message =
    typeof messageRef === 'object' && messageRef !== null
      ? tableNamed(world, 'sdkmessage').rows.get(messageRef.id)?.cells['name']
      : undefined
  const kind = cells['imagetype']
  if (message === 'Create' && kind !== 1) throw invalidArgument('A Create step can only have a post-image.')
  if (message === 'Delete' && kind !== 0) throw invalidArgument('A Delete step can only have a pre-image.')
  const wanted = message === 'Create' ? 'id' : 'Target'
  if (
    ['Create', 'Update', 'Delete', 'Assign'].includes(String(message)) &&
    String(cells['messagepropertyname']).toLowerCase() !== wanted.toLowerCase()
  ) {
    throw invalidArgument(`The message property of an image of ${String(message)} is '${wanted}'.`)
  }
}

const refresh = {
  after: ({ world }: Change) => stepsChanged(world),
  afterDelete: (world: World) => stepsChanged(world),
}

/** Only the state of a system job can be changed, and when it runs. A failed job that is made ready runs again. */
function jobBefore({ before, internal, sent }: Change): void {
  if (internal) return
  if (before === undefined) throw invalidArgument('System jobs are made by the platform.')
  for (const name of sent) {
    if (!['statecode', 'statuscode', 'postponeuntil'].includes(name)) throw invalidArgument(`'${name}' of a system job cannot be updated.`)
  }
}

function jobAfter({ world, before, cells, internal }: Change, row: Row): void {
  if (internal || before?.cells['statecode'] !== 3 || cells['statecode'] !== 0) return
  world.resumeJob(row.id)
}

export const eventHooks: Readonly<Record<string, Hooks>> = {
  serviceendpoint: { before: endpointBefore, ...refresh },
  sdkmessageprocessingstep: { before: stepBefore, ...refresh },
  sdkmessageprocessingstepimage: { before: imageBefore, ...refresh },
  asyncoperation: { before: jobBefore, after: jobAfter },
}
