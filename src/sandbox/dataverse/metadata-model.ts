import type { RowStore } from './row-store.js'

/** What a column holds; the names say it in plain words, `attributeTypes` in metadata-render.ts in Microsoft's. */
export type ColumnKind =
  | 'text'
  | 'memo'
  | 'choice'
  | 'choices'
  | 'state'
  | 'status'
  | 'yesno'
  | 'whole'
  | 'big'
  | 'decimal'
  | 'double'
  | 'money'
  | 'datetime'
  | 'dateonly'
  | 'guid'
  | 'lookup'
  | 'customer'
  | 'owner'

/** Texts by language id; 1033 is English. */
export type Labels = Readonly<Record<number, string>>
export type Required = 'None' | 'SystemRequired' | 'ApplicationRequired' | 'Recommended'
export type Cascade = 'NoCascade' | 'RemoveLink' | 'Restrict' | 'Cascade'

export interface Option {
  readonly value: number
  readonly labels: Labels
  readonly description: Labels
  /** The state a status option belongs to; for a state option, the default status. */
  readonly state: number | null
}

export interface OptionSet {
  readonly metadataId: string
  readonly name: string
  readonly isGlobal: boolean
  readonly isCustom: boolean
  readonly createdAtMs: number
  readonly labels: Labels
  readonly description: Labels
  readonly options: readonly Option[]
}

export interface Column {
  readonly metadataId: string
  readonly name: string
  readonly schemaName: string
  readonly kind: ColumnKind
  readonly custom: boolean
  readonly createdAtMs: number
  readonly primaryName: boolean
  readonly targets: readonly string[]
  readonly optionSet: OptionSet | null
  readonly labels: Labels
  readonly description: Labels
  readonly required: Required
  readonly create: boolean
  readonly update: boolean
  readonly read: boolean
  readonly maxLength: number | null
  readonly min: number | null
  readonly max: number | null
  readonly precision: number | null
  /** For money: 0 the column's own precision, 1 the organization's, 2 the currency's. */
  readonly precisionSource: number | null
  readonly format: string | null
  readonly behavior: string | null
  readonly defaultValue: number | boolean | null
  readonly autoNumber: string | null
  readonly secured: boolean
}

/** A single-valued navigation property: the way to bind and to expand a lookup. */
export interface Navigation {
  readonly name: string
  readonly column: Column
  /** null: any principal (the owner). */
  readonly target: string | null
}

export interface Relationship {
  readonly metadataId: string
  readonly schemaName: string
  readonly referenced: string
  readonly referencing: string
  /** Column of the referencing table. */
  readonly column: string
  readonly referencingNavigation: string
  /** Collection-valued navigation property on the referenced table. */
  readonly referencedNavigation: string
  readonly onDelete: Cascade
  readonly onMerge: Cascade
  readonly custom: boolean
  readonly createdAtMs: number
}

/** A many-to-many relationship with its pairs, kept in both directions. */
export interface ManyToMany {
  readonly metadataId: string
  readonly schemaName: string
  readonly first: string
  readonly second: string
  readonly firstNavigation: string
  readonly secondNavigation: string
  readonly pairs: Map<string, Set<string>>
  readonly reverse: Map<string, Set<string>>
}

export type Collection =
  | { readonly kind: 'one-to-many'; readonly relationship: Relationship }
  | { readonly kind: 'many-to-many'; readonly relation: ManyToMany; readonly side: 'first' | 'second' }

export type KeyStatus = 'Pending' | 'InProgress' | 'Active' | 'Failed'

export interface AlternateKey {
  readonly metadataId: string
  readonly name: string
  readonly schemaName: string
  readonly columns: readonly string[]
  readonly labels: Labels
  readonly createdAtMs: number
  readonly custom: boolean
  status: KeyStatus
  jobId: string | null
}

export interface Table {
  readonly metadataId: string
  readonly name: string
  readonly schemaName: string
  readonly setName: string
  readonly primaryId: string
  readonly primaryName: string | null
  readonly objectTypeCode: number
  readonly ownership: 'UserOwned' | 'OrganizationOwned' | 'None'
  readonly custom: boolean
  readonly isActivity: boolean
  readonly createdAtMs: number
  labels: Labels
  collectionLabels: Labels
  description: Labels
  /** What the definition says. */
  changeTracking: boolean
  /** What the running environment does; follows the definition when it is published. */
  tracked: boolean
  readonly canBeTracked: boolean
  optimisticConcurrency: boolean
  /** Updates wait for PublishXml. */
  readonly publishable: boolean
  readonly columns: Map<string, Column>
  /** Names usable in $select and $filter: the column, or `_x_value` for lookups. */
  readonly properties: Map<string, Column>
  readonly navigations: Map<string, Navigation>
  readonly collections: Map<string, Collection>
  readonly keys: Map<string, AlternateKey>
  readonly rows: RowStore
  /** Unpublished updates by row id. */
  readonly drafts: Map<string, Readonly<Record<string, unknown>>>
  /** Prepared projections and lists, thrown away when the shape changes. */
  readonly prepared: Map<string, unknown>
}

export interface Model {
  readonly tables: Map<string, Table>
  readonly bySet: Map<string, Table>
  readonly relationships: Map<string, Relationship>
  readonly manyToMany: Map<string, ManyToMany>
  readonly globalOptionSets: Map<string, OptionSet>
  nextObjectTypeCode: number
  /** Changes with every customization; clients use it to notice stale caches. */
  version: number
}

export function emptyModel(): Model {
  return {
    tables: new Map(),
    bySet: new Map(),
    relationships: new Map(),
    manyToMany: new Map(),
    globalOptionSets: new Map(),
    nextObjectTypeCode: 10_500,
    version: 1,
  }
}

export const isLookup = (column: Column): boolean => column.kind === 'lookup' || column.kind === 'customer' || column.kind === 'owner'

/** The name of a column in $select, $filter and answers. */
export const propertyName = (column: Column): string => (isLookup(column) ? `_${column.name}_value` : column.name)

export const labelOf = (labels: Labels): string => labels[1033] ?? Object.values(labels)[0] ?? ''

/** Labels sent replace those held, or join them. */
export const makeLabels = (held: Labels, given: Labels, merge: boolean): Labels => (merge ? { ...held, ...given } : given)

export function shapeChanged(model: Model, table: Table): void {
  table.prepared.clear()
  model.version += 1
}

export function addColumn(model: Model, table: Table, column: Column): void {
  table.columns.set(column.name, column)
  table.properties.set(propertyName(column), column)
  if (isLookup(column)) table.rows.index(column.name)
  shapeChanged(model, table)
}

export function replaceColumn(model: Model, table: Table, column: Column): void {
  table.columns.set(column.name, column)
  table.properties.set(propertyName(column), column)
  for (const [name, navigation] of table.navigations) {
    if (navigation.column.name === column.name) table.navigations.set(name, { ...navigation, column })
  }
  shapeChanged(model, table)
}

export function removeColumn(model: Model, table: Table, column: Column): void {
  table.columns.delete(column.name)
  table.properties.delete(propertyName(column))
  for (const [name, navigation] of table.navigations) if (navigation.column.name === column.name) table.navigations.delete(name)
  shapeChanged(model, table)
}

export function addRelationship(model: Model, relationship: Relationship): void {
  model.relationships.set(relationship.schemaName, relationship)
  const column = model.tables.get(relationship.referencing)?.columns.get(relationship.column)
  const referencing = model.tables.get(relationship.referencing)
  const referenced = model.tables.get(relationship.referenced)
  if (column === undefined || referencing === undefined || referenced === undefined) return
  if (relationship.referencingNavigation !== '') {
    const target = column.kind === 'owner' ? null : relationship.referenced
    referencing.navigations.set(relationship.referencingNavigation, { name: relationship.referencingNavigation, column, target })
    shapeChanged(model, referencing)
  }
  referenced.collections.set(relationship.referencedNavigation, { kind: 'one-to-many', relationship })
  shapeChanged(model, referenced)
}

export function removeRelationship(model: Model, relationship: Relationship): void {
  model.relationships.delete(relationship.schemaName)
  model.tables.get(relationship.referencing)?.navigations.delete(relationship.referencingNavigation)
  const referenced = model.tables.get(relationship.referenced)
  referenced?.collections.delete(relationship.referencedNavigation)
  if (referenced !== undefined) shapeChanged(model, referenced)
}

export function addTable(model: Model, table: Table): void {
  model.tables.set(table.name, table)
  model.bySet.set(table.setName, table)
  model.version += 1
}

export function removeTable(model: Model, table: Table): void {
  for (const relationship of [...model.relationships.values()]) {
    if (relationship.referenced === table.name || relationship.referencing === table.name) removeRelationship(model, relationship)
  }
  model.tables.delete(table.name)
  model.bySet.delete(table.setName)
  model.version += 1
}

/** The definition of a table that has to exist, because the simulator itself brings it. */
export function tableOf(model: Model, name: string): Table {
  const table = model.tables.get(name)
  if (table === undefined) throw new Error(`The simulator has no table '${name}'.`)
  return table
}
