import type { Column, ColumnKind, OptionSet, Table } from './metadata-model.js'
import { makeColumn, option } from './schema/build.js'
import type { SolutionFile } from './solution-file.js'
import { child, children, importError, inOrder, labelAt, required, textAt, type XmlElement } from './solution-xml.js'
import type { World } from './world.js'

/** Columns and tables as a solution file describes them. */
const kinds: Readonly<Record<string, ColumnKind>> = {
  nvarchar: 'text',
  ntext: 'memo',
  bit: 'yesno',
  picklist: 'choice',
  multiselectpicklist: 'choices',
  int: 'whole',
  decimal: 'decimal',
  money: 'money',
  datetime: 'datetime',
  lookup: 'lookup',
}
/** Column types the platform keeps for itself. */
const platformTypes: ReadonlySet<string> = new Set(['primarykey', 'owner', 'state', 'status'])

const members = (
  'Type Name LogicalName RequiredLevel DisplayMask ImeMode ValidForUpdateApi ValidForReadApi ValidForCreateApi IsCustomField IsAuditEnabled ' +
  'IsSecured IntroducedVersion IsCustomizable IsRenameable CanModifySearchSettings CanModifyRequirementLevelSettings CanModifyAdditionalSettings ' +
  'SourceType IsGlobalFilterEnabled IsSortableEnabled CanModifyGlobalFilterSettings CanModifyIsSortableSettings IsDataSourceSecret AutoNumberFormat ' +
  'IsSearchable IsFilterable IsRetrievable IsLocalizable'
).split(' ')

export interface ColumnPart {
  readonly element: XmlElement
  readonly schemaName: string
  readonly name: string
  readonly type: string
  readonly isPlatform: boolean
}

export function columnParts(entity: XmlElement, where: string): readonly ColumnPart[] {
  return children(required(entity, 'attributes', where), 'attribute').map((element) => {
    const schemaName = element.attributes['PhysicalName'] ?? ''
    for (const name of members) required(element, name, `attribute ${schemaName}`)
    required(element, 'displaynames', `attribute ${schemaName}`)
    const [name, type] = [textAt(element, 'LogicalName'), textAt(element, 'Type')]
    if (name !== schemaName.toLowerCase() || textAt(element, 'Name') !== name)
      throw importError(`the column '${schemaName}' has the name '${name}' instead of its lower case.`)
    if (kinds[type] === undefined && !platformTypes.has(type))
      throw importError(`the column '${schemaName}' has the unknown type '${type}'.`)
    return { element, schemaName, name, type, isPlatform: platformTypes.has(type) || textAt(element, 'IsCustomField') !== '1' }
  })
}

/** A custom column of a package; lookups come with their relationship. */
export function columnOf(world: World, table: string, part: ColumnPart, file: SolutionFile): Column {
  const { element, schemaName, name, type } = part
  const { prefix } = file.publisher
  if (!name.startsWith(`${prefix.toLowerCase()}_`)) throw importError(`the column '${schemaName}' does not carry the prefix '${prefix}'.`)
  const numbers = (low: string, high: string): { min: number; max: number } => ({
    min: numberAt(element, low, schemaName),
    max: numberAt(element, high, schemaName),
  })
  const behavior = textAt(element, 'Behavior')
  const given = kinds[type] ?? 'text'
  const kind = given === 'datetime' && behavior === '2' ? 'dateonly' : given
  return makeColumn({
    metadataId: world.guid(),
    name,
    schemaName,
    kind,
    custom: true,
    createdAtMs: world.clock.now(),
    primaryName: textAt(element, 'DisplayMask').split('|').includes('PrimaryName'),
    labels: { 1033: labelAt(element, 'displaynames') },
    secured: textAt(element, 'IsSecured') === '1',
    ...(kind === 'text'
      ? { maxLength: lengthOf(element, schemaName, 4_000), format: textAt(element, 'Format') === 'url' ? 'Url' : 'Text' }
      : {}),
    ...(kind === 'memo' ? { maxLength: lengthOf(element, schemaName, 1_048_576) } : {}),
    ...(kind === 'whole' ? numbers('MinValue', 'MaxValue') : {}),
    ...(kind === 'decimal' ? { ...numbers('MinValue', 'MaxValue'), precision: numberAt(element, 'Accuracy', schemaName) } : {}),
    ...(kind === 'yesno' ? { defaultValue: textAt(element, 'AppDefaultValue') === '1' } : {}),
    optionSet: kind === 'yesno' || kind === 'choice' || kind === 'choices' ? optionsOf(world, table, part, file) : null,
  })
}

function numberAt(element: XmlElement, name: string, column: string): number {
  const value = Number(required(element, name, `attribute ${column}`).text)
  if (!Number.isFinite(value)) throw importError(`'${name}' of the column '${column}' is no number.`)
  return value
}

function lengthOf(element: XmlElement, column: string, most: number): number {
  const length = numberAt(element, 'MaxLength', column)
  if (length < 1 || length > most) throw importError(`'MaxLength' ${length} of the column '${column}' is out of range.`)
  const stored = child(element, 'Length')
  if (stored !== undefined && Number(stored.text) !== length * 2)
    throw importError(`'Length' of the column '${column}' is not twice its MaxLength.`)
  return length
}

function optionsOf(world: World, table: string, { element, name, type }: ColumnPart, file: SolutionFile): OptionSet {
  const set = required(element, 'optionset', `attribute ${name}`)
  inOrder(
    set,
    ['OptionSetType', 'IntroducedVersion', 'IsCustomizable', 'ExternalTypeName', 'displaynames', 'Descriptions', 'options'],
    `optionset of ${name}`,
  )
  if (set.attributes['Name'] !== `${table}_${name}`) throw importError(`the option set of '${name}' must be called '${table}_${name}'.`)
  if (textAt(set, 'OptionSetType') !== type) throw importError(`the option set of '${name}' is of the wrong type.`)
  const options = children(child(set, 'options'), 'option').map((one) => {
    const value = Number(one.attributes['value'])
    const first = file.publisher.optionValuePrefix * 10_000
    if (type !== 'bit' && (value < first || value >= first + 10_000))
      throw importError(`the option ${value} of '${name}' is outside of the publisher's range.`)
    return option(value, labelAt(one, 'labels'))
  })
  if (options.length === 0) throw importError(`the option set of '${name}' has no options.`)
  const sorted = type === 'bit' ? [...options].sort((one, other) => one.value - other.value) : options
  return {
    metadataId: world.guid(),
    name: `${table}_${name}`,
    isGlobal: false,
    isCustom: true,
    createdAtMs: world.clock.now(),
    labels: { 1033: labelAt(set, 'displaynames') },
    description: {},
    options: sorted,
  }
}

const common =
  'CreatedBy CreatedOn CreatedOnBehalfBy ImportSequenceNumber ModifiedBy ModifiedOn ModifiedOnBehalfBy OverriddenCreatedOn statecode statuscode TimeZoneRuleVersionNumber UTCConversionTimeZoneCode'.split(
    ' ',
  )
const owned = 'OwnerId OwningBusinessUnit OwningTeam OwningUser'.split(' ')

/** A new table is refused until everything the platform gives it stands in the package. */
export function requireWhole(
  schemaName: string,
  ownership: Table['ownership'],
  columns: readonly ColumnPart[],
  relationships: ReadonlySet<string>,
): void {
  const name = schemaName.toLowerCase()
  const wanted = [...common, `${schemaName}Id`, ...(ownership === 'UserOwned' ? owned : [])]
  for (const column of wanted) {
    if (!columns.some((part) => part.schemaName === column))
      throw importError(`The entity with a name = '${name}' was not found in the MetadataCache: its column '${column}' is missing.`)
  }
  const related = ownership === 'UserOwned' ? ['business_unit_', 'owner_', 'team_', 'user_'] : []
  for (const relationship of [...related.map((start) => `${start}${name}`), `lk_${name}_createdby`, `lk_${name}_modifiedby`]) {
    if (!relationships.has(relationship)) throw importError(`the table '${name}' comes without its relationship '${relationship}'.`)
  }
}
