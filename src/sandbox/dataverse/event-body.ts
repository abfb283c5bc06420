import type { Emission, EventInput } from './emission.js'
import { formattedValue } from './formatted.js'
import type { Column, Table } from './metadata-model.js'
import type { Cell, Cells, Row } from './row-store.js'
import type { Step } from './steps.js'
import { table as tableNamed, type World } from './world.js'

/**
 * The JSON a webhook receives: a RemoteExecutionContext.
 * Source: learn.microsoft.com "Use webhooks" and "Work with event data" (read 2023-10), with the encodings of published captures.
 */
const contracts = 'http://schemas.microsoft.com/xrm/2011/Contracts'
const zeros = '00000000-0000-0000-0000-000000000000'

export interface EventBody {
  readonly bytes: Buffer
  /** The full body was too large: its four large members were left out. */
  readonly truncated: boolean
}

export function eventBody(world: World, step: Step, emission: Emission, operationId: string): EventBody {
  const full = contextOf(world, step, emission, operationId)
  const bytes = encode(world, full)
  if (bytes.length <= world.options.eventSizeMax) return { bytes, truncated: false }
  const { ParentContext: _parent, InputParameters: _inputs, PreEntityImages: _before, PostEntityImages: _after, ...rest } = full
  return { bytes: encode(world, rest), truncated: true }
}

function encode(world: World, body: unknown): Buffer {
  const text = JSON.stringify(body)
  return Buffer.from(world.options.eventSlashes === 'escaped' ? text.replaceAll('/', '\\/') : text)
}

function contextOf(world: World, step: Step, emission: Emission, operationId: string): Record<string, unknown> {
  const { context } = emission
  const tag = context.tag === null ? [] : [{ key: 'tag', value: context.tag }]
  const atTop = world.options.eventTag === 'top-level'
  const own = { key: 'IsAutoTransact', value: true }
  const table = tableNamed(world, emission.table)
  const shared = members(world, step, emission, operationId)
  return {
    ...shared,
    Stage: step.stage,
    InputParameters: emission.inputs.map((input) => pair(world, input)),
    OutputParameters: emission.outputs.map((output) => pair(world, output)),
    ParentContext: {
      ...shared,
      Stage: 30,
      InputParameters: emission.callerInputs.map((input) => pair(world, input)),
      OutputParameters: [],
      ParentContext: null,
      PostEntityImages: [],
      PreEntityImages: [],
      SharedVariables: [own, ...(atTop ? [] : tag)],
    },
    PreEntityImages: emission.before === undefined ? [] : images(world, table, step, emission.before, 'pre'),
    PostEntityImages: postImages(world, table, step, emission),
    SharedVariables: [own, { key: 'AcceptLang', value: '' }, ...(atTop ? tag : [])],
  }
}

function members(world: World, step: Step, emission: Emission, operationId: string): Record<string, unknown> {
  const { context } = emission
  const isClose = emission.message === 'WinOpportunity' || emission.message === 'LoseOpportunity'
  return {
    BusinessUnitId: world.ids.businessUnit,
    CorrelationId: context.correlationId,
    Depth: 1,
    InitiatingUserAgent: context.userAgent,
    InitiatingUserAzureActiveDirectoryObjectId: zeros,
    InitiatingUserId: context.initiatingUserId,
    IsExecutingOffline: false,
    IsInTransaction: false,
    IsOfflinePlayback: false,
    IsolationMode: 1,
    MessageName: emission.message,
    Mode: 1,
    OperationCreatedOn: `/Date(${context.nowMs}+0000)/`,
    OperationId: operationId,
    OrganizationId: world.ids.organization,
    OrganizationName: world.options.organizationName,
    OwningExtension: { Id: step.id, KeyAttributes: [], LogicalName: 'sdkmessageprocessingstep', Name: null, RowVersion: null },
    PrimaryEntityId: isClose && world.options.closePrimaryEntityId === 'zero' ? zeros : emission.id,
    PrimaryEntityName: emission.table,
    RequestId: context.requestId,
    SecondaryEntityName: 'none',
    UserAzureActiveDirectoryObjectId: zeros,
    UserId: context.userId,
  }
}

const pair = (world: World, input: { readonly key: string; readonly value: EventInput }): { key: string; value: unknown } => ({
  key: input.key,
  value: inputValue(world, input.value),
})

function inputValue(world: World, value: EventInput): unknown {
  switch (value.kind) {
    case 'plain':
      return value.value
    case 'option':
      return { __type: `OptionSetValue:${contracts}`, Value: value.value }
    case 'reference':
      return reference(value.table, value.id)
    case 'references':
      return { __type: `EntityReferenceCollection:${contracts}`, EntityReferences: value.refs.map((ref) => reference(ref.table, ref.id)) }
    case 'entity': {
      const table = tableNamed(world, value.table)
      const version = value.version === null ? null : String(value.version)
      return { __type: `Entity:${contracts}`, ...entity(world, table, value.id, value.cells, { version, nulls: true }) }
    }
    default:
      return assertNever(value)
  }
}

const reference = (table: string, id: string): Record<string, unknown> => ({
  __type: `EntityReference:${contracts}`,
  Id: id,
  KeyAttributes: [],
  LogicalName: table,
  Name: null,
  RowVersion: null,
})

interface EntityShape {
  readonly version: string | null
  /** Whether columns that hold nothing are listed: those of an update are, those of an image are not. */
  readonly nulls: boolean
}

function entity(world: World, table: Table, id: string, cells: Cells, { version, nulls }: EntityShape): Record<string, unknown> {
  const attributes: { key: string; value: unknown }[] = []
  for (const [name, cell] of Object.entries(cells)) {
    const column = table.columns.get(name)
    if (column === undefined || cell === undefined || (cell === null && !nulls) || !column.read) continue
    attributes.push({ key: name, value: cellValue(world, column, cell) })
  }
  return {
    Attributes: attributes,
    EntityState: null,
    FormattedValues: [],
    Id: id,
    KeyAttributes: [],
    LogicalName: table.name,
    RelatedEntities: [],
    RowVersion: version,
  }
}

function cellValue(world: World, column: Column, cell: Cell): unknown {
  if (cell === null) return null
  if (typeof cell === 'object') return reference(cell.table, cell.id)
  switch (column.kind) {
    case 'choice':
    case 'state':
    case 'status':
      return { __type: `OptionSetValue:${contracts}`, Value: cell }
    case 'choices':
      return String(cell)
        .split(',')
        .map((value) => ({ __type: `OptionSetValue:${contracts}`, Value: Number(value) }))
    case 'money':
      return { __type: `Money:${contracts}`, Value: cell }
    case 'datetime':
      return moment(world, Date.parse(String(cell)), String(cell))
    case 'dateonly':
      return moment(world, Date.parse(`${String(cell)}T00:00:00Z`), `${String(cell)}T00:00:00Z`)
    default:
      return cell
  }
}

function moment(world: World, atMs: number, iso: string): unknown {
  switch (world.options.eventDates) {
    case 'plain':
      return `/Date(${atMs})/`
    case 'with-offset':
      return `/Date(${atMs}+0000)/`
    case 'boxed':
      return { __type: 'DateTime:#System', __value: `/Date(${atMs})/` }
    case 'iso':
      return iso
    default:
      return assertNever(world.options.eventDates)
  }
}

function images(world: World, table: Table, step: Step, row: Row, kind: 'pre' | 'post'): { key: string; value: unknown }[] {
  return step.images
    .filter((image) => image.kind === kind || image.kind === 'both')
    .map(({ alias, columns }) => {
      const cells: Record<string, Cell> = {}
      for (const name of columns ?? Object.keys(row.cells)) cells[name] = row.cells[name] ?? null
      cells[table.primaryId] = row.id
      const value = entity(world, table, row.id, cells, { version: String(row.version), nulls: false })
      return { key: alias, value: { ...value, FormattedValues: formatted(world, table, row, Object.keys(cells)) } }
    })
}

function formatted(world: World, table: Table, row: Row, names: readonly string[]): { key: string; value: string }[] {
  return names.flatMap((name) => {
    const column = table.columns.get(name)
    const text = column === undefined ? null : formattedValue(world, row, column, row.cells[name] ?? null)
    return text === null ? [] : [{ key: name, value: text }]
  })
}

function postImages(world: World, table: Table, step: Step, { after, id }: Emission): { key: string; value: unknown }[] {
  if (after === undefined) return []
  const primary = entity(world, table, id, { [table.primaryId]: id }, { version: null, nulls: false })
  return [{ key: 'AsynchronousStepPrimaryName', value: primary }, ...images(world, table, step, after, 'post')]
}

function assertNever(value: never): never {
  throw new Error(`Not known here: ${String(value)}`)
}
