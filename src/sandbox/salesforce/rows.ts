import { misplaced } from './countries.js'
import { refuse, refuseDuplicate } from './errors.js'
import { fullId, isoStamp, stampMs, type FieldDef, type ObjectDef, type Row, type Scalar } from './model.js'
import { atOnce, objectNamed, put, type Org } from './org.js'

export type Values = Readonly<Record<string, unknown>>

export function rowOf(org: Org, object: ObjectDef, given: string): Row {
  const id = fullId(given)
  if (id === null || !id.startsWith(object.keyPrefix)) throw refuse('MALFORMED_ID', `bad id ${given}`)
  const row = object.rows.get(id)
  if (row === undefined) throw refuse('NOT_FOUND', 'The requested resource does not exist', [], 404)
  if (row.values['IsDeleted'] === true) throw refuse('ENTITY_IS_DELETED', 'entity is deleted', [], 404)
  return row
}

export const visibleField = (org: Org, object: ObjectDef, name: string): FieldDef | undefined => {
  const full = `${object.name}.${name}`
  if (org.author === org.integrationUser && (org.options.hidden.has(full) || org.unseen.has(full))) return undefined
  return object.fields.get(name)
}

/** Creates one row as the API would: every rule of its fields is applied. @returns its id. */
export function insert(org: Org, object: ObjectDef, body: Values): string {
  if (!object.createable) throw refuse('CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY', `${object.name} cannot be created`)
  const id = org.nextId(object.keyPrefix)
  const values: Record<string, Scalar> = {}
  for (const field of object.fields.values()) values[field.name] = field.defaultValue
  const given = checked(org, object, body, 'create')
  const required = [...object.fields.values()].filter(
    (field) =>
      !field.nillable &&
      field.createable &&
      field.defaultValue === null &&
      field.name !== 'OwnerId' &&
      (given[field.name] ?? null) === null,
  )
  if (required.length > 0)
    throw refuse(
      'REQUIRED_FIELD_MISSING',
      `Required fields are missing: [${required.map(({ name }) => name).join(', ')}]`,
      required.map(({ name }) => name),
    )
  Object.assign(values, given)
  if (object.fields.has('OwnerId')) values['OwnerId'] ??= org.author
  if (object.fields.has('CurrencyIsoCode')) values['CurrencyIsoCode'] ??= org.currencies[0] ?? 'USD'
  const now = isoStamp(org.clock.now())
  Object.assign(values, { Id: id, IsDeleted: false, CreatedDate: now, CreatedById: org.author }, stamps(org, now))
  derive(org, object, values, true)
  located(org, object, values, given)
  unique(object, id, values)
  resembles(org, object, values)
  put(org, object, { id, values })
  if (object.name === 'PermissionSetAssignment') assign(org, values)
  const contact = object.name === 'Opportunity' ? values['ContactId'] : null
  if (typeof contact === 'string')
    insert(org, objectNamed(org, 'OpportunityContactRole'), { OpportunityId: id, ContactId: contact, IsPrimary: true })
  return id
}

export function update(org: Org, object: ObjectDef, row: Row, body: Values): void {
  if (row.values['IsConverted'] === true && object.name === 'Lead')
    throw refuse('CANNOT_UPDATE_CONVERTED_LEAD', 'cannot reference converted lead')
  const given = checked(org, object, body, 'update')
  const emptied = Object.entries(given).filter(([name, value]) => value === null && object.fields.get(name)?.nillable === false)
  if (emptied.length > 0)
    throw refuse(
      'REQUIRED_FIELD_MISSING',
      `Required fields are missing: [${emptied.map(([name]) => name).join(', ')}]`,
      emptied.map(([name]) => name),
    )
  // With products on it the amount is theirs: what is written is ignored without a word.
  if (object.name === 'Opportunity' && row.values['HasOpportunityLineItem'] === true) {
    delete given['Amount']
    if ((given['CurrencyIsoCode'] ?? row.values['CurrencyIsoCode']) !== row.values['CurrencyIsoCode'])
      throw refuse('FIELD_INTEGRITY_EXCEPTION', 'The currency of the opportunity must match that of its price book entries', ['CurrencyIsoCode'])
  }
  const values = { ...row.values, ...given, ...stamps(org, isoStamp(org.clock.now())) }
  derive(org, object, values, 'StageName' in given)
  located(org, object, values, given)
  unique(object, row.id, values)
  put(org, object, { id: row.id, values })
}

export function remove(org: Org, object: ObjectDef, row: Row, master: string | null = null): void {
  if (object.name === 'PermissionSetAssignment') return unassign(org, object, row)
  const values = {
    ...row.values,
    ...stamps(org, isoStamp(org.clock.now())),
    IsDeleted: true,
    ...(master === null ? {} : { MasterRecordId: master }),
  }
  put(org, object, { id: row.id, values })
  for (const { other, child } of childrenOf(org, object, row.id)) if (child.values['IsDeleted'] !== true) remove(org, other, child)
}
/** Rows that cannot be without this one: they go where it goes. */
function childrenOf(org: Org, object: ObjectDef, id: string): { readonly other: ObjectDef; readonly child: Row }[] {
  return [...org.objects.values()].flatMap((other) => {
    const lookups = [...other.fields.values()].filter(
      (field) => field.childRelationship !== null && !field.nillable && field.referenceTo.includes(object.name),
    )
    return lookups.flatMap((field) =>
      [...other.rows.values()].filter((child) => child.values[field.name] === id).map((child) => ({ other, child })),
    )
  })
}

const stamps = (org: Org, now: string): Record<string, Scalar> => ({
  LastModifiedDate: now,
  SystemModstamp: now,
  LastModifiedById: org.author,
})

/** The body's values in the shape of their fields. @throws SalesforceError with the code the field's rule has. */
function checked(org: Org, object: ObjectDef, body: Values, mode: 'create' | 'update'): Record<string, Scalar> {
  const values: Record<string, Scalar> = {}
  for (const [name, value] of Object.entries(body)) {
    if (name === 'attributes') continue
    const field = visibleField(org, object, name)
    if (field === undefined) throw refuse('INVALID_FIELD', `No such column '${name}' on sobject of type ${object.name}`)
    if (mode === 'create' ? !field.createable : !field.updateable)
      throw refuse(
        'INVALID_FIELD_FOR_INSERT_UPDATE',
        `Unable to create/update fields: ${name}. Please check the security settings of this field and verify that it is read/write for your profile or permission set.`,
        [name],
      )
    values[name] = convert(org, field, value)
  }
  return values
}

const isDay = (text: string): boolean => /^\d{4}-\d{2}-\d{2}$/.test(text) && !Number.isNaN(Date.parse(text))
function convert(org: Org, field: FieldDef, value: unknown): Scalar {
  const wrong = (): Error => refuse('JSON_PARSER_ERROR', `Cannot deserialize instance of ${field.type} from VALUE ${JSON.stringify(value)}`)
  if (value === null || value === '') {
    if (field.type === 'boolean')
      throw refuse('INVALID_TYPE_ON_FIELD_IN_RECORD', `${field.label}: value not of required type: `, [field.name])
    return null
  }
  switch (field.type) {
    case 'boolean':
      if (typeof value !== 'boolean') throw wrong()
      return value
    case 'int':
    case 'double':
    case 'currency':
    case 'percent':
      if (typeof value !== 'number') throw wrong()
      if (field.precision > 0 && Math.abs(value) >= 10 ** (field.precision - field.scale))
        throw refuse('NUMBER_OUTSIDE_VALID_RANGE', `${field.label}: value outside of valid range on numeric field: ${value}`, [field.name])
      return Math.round(value * 10 ** field.scale) / 10 ** field.scale
    case 'date':
      if (typeof value !== 'string' || !isDay(value)) throw wrong()
      return value
    case 'datetime': {
      const at = typeof value === 'string' && value.includes('T') ? Date.parse(value) : NaN
      if (Number.isNaN(at)) throw wrong()
      return isoStamp(at)
    }
    case 'reference':
      return reference(org, field, value)
    default:
      return checkedText(field, value, wrong)
  }
}

function reference(org: Org, field: FieldDef, value: unknown): string {
  const id = typeof value === 'string' ? fullId(value) : null
  if (id === null) throw refuse('MALFORMED_ID', `${field.label}: id value of incorrect type: ${String(value)}`, [field.name])
  const target = field.referenceTo.map((name) => org.objects.get(name)).find((object) => object?.keyPrefix === id.slice(0, 3))
  const row = target?.rows.get(id)
  if (row === undefined || row.values['IsDeleted'] === true) throw refuse('INVALID_CROSS_REFERENCE_KEY', 'invalid cross reference id')
  if (field.name === 'OwnerId' && row.values['IsActive'] === false)
    throw refuse('INACTIVE_OWNER_OR_USER', 'operation performed with inactive user', [field.name])
  return id
}

function checkedText(field: FieldDef, value: unknown, wrong: () => Error): string | null {
  if (typeof value !== 'string') throw wrong()
  const text = value.trim()
  if (field.length > 0 && text.length > field.length)
    throw refuse('STRING_TOO_LONG', `${field.label}: data value too large: ${text.slice(0, 40)} (max length=${field.length})`, [field.name])
  if (field.type === 'email' && text !== '' && !/^[^@\s]+@[^@\s]+\.[^@\s]+$/.test(text))
    throw refuse('INVALID_EMAIL_ADDRESS', `${field.label}: invalid email address: ${text}`, [field.name])
  if (field.type === 'picklist' && !field.values.some((option) => option.value === text))
    throw refuse('INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST', `${field.label}: bad value for restricted picklist field: ${text}`, [
      field.name,
    ])
  if (text === '') return null
  return field.type === 'email' ? text.toLowerCase() : text
}

/** What follows from other fields and cannot be written. */
function derive(org: Org, object: ObjectDef, values: Record<string, Scalar>, stageChanged: boolean): void {
  if (object.name === 'Opportunity') {
    const stage = [...objectNamed(org, 'OpportunityStage').rows.values()].find((row) => row.values['ApiName'] === values['StageName'])
    if (stage === undefined) return
    values['IsClosed'] = stage.values['IsClosed'] ?? false
    values['IsWon'] = stage.values['IsWon'] ?? false
    values['ForecastCategory'] = stage.values['ForecastCategory'] ?? null
    if (stageChanged) values['Probability'] = stage.values['DefaultProbability'] ?? null
  }
  if (object.fields.has('LastName'))
    values['Name'] = [values['FirstName'], values['LastName']].filter((part) => part !== null && part !== undefined).join(' ')
}

/** With lists of states and countries an address takes what they hold and nothing else. */
function located(org: Org, object: ObjectDef, values: Record<string, Scalar>, given: Values): void {
  if (!org.options.statePicklists) return
  for (const prefix of ['Billing', 'Mailing', '']) {
    if (!object.fields.has(`${prefix}CountryCode`)) continue
    const wrong = misplaced(values, given, prefix)
    if (wrong !== null)
      throw refuse('FIELD_INTEGRITY_EXCEPTION', `There's a problem with this ${wrong}, even though it may appear correct: ${wrong}`, [wrong])
  }
}
/** A rule of the org that knows accounts and leads by their names. */
function resembles(org: Org, object: ObjectDef, values: Record<string, Scalar>): void {
  if (org.options.duplicateRule === 'off' || (object.name !== 'Account' && object.name !== 'Lead')) return
  const nameOf = (row: Readonly<Record<string, Scalar>>): string => String(row['Company'] ?? row['Name'] ?? '').toLowerCase()
  const like = [...object.rows.values()].find((row) => row.values['IsDeleted'] !== true && nameOf(row.values) === nameOf(values))
  if (like !== undefined) throw refuseDuplicate(object.name, like.id)
}

/** Unique fields are compared without regard to capitals, and only among rows that are not deleted. */
function unique(object: ObjectDef, id: string, values: Record<string, Scalar>): void {
  for (const field of object.fields.values()) {
    const value = values[field.name]
    if (!field.unique || typeof value !== 'string') continue
    for (const other of object.rows.values()) {
      const taken =
        other.id !== id &&
        other.values['IsDeleted'] !== true &&
        String(other.values[field.name] ?? '').toLowerCase() === value.toLowerCase()
      if (taken)
        throw refuse('DUPLICATE_VALUE', `duplicate value found: ${field.name} duplicates value on record with id: ${other.id.slice(0, 15)}`)
    }
  }
}

/** Out of the recycle bin, with what went there along with it. */
export function undelete(org: Org, object: ObjectDef, id: string): void {
  const row = object.rows.get(id)
  if (row === undefined) throw refuse('NOT_FOUND', 'The requested resource does not exist', [], 404)
  const deletedAt = row.values['SystemModstamp']
  const values = { ...row.values, IsDeleted: false, SystemModstamp: isoStamp(org.clock.now()) }
  unique(object, id, values)
  put(org, object, { id, values })
  for (const { other, child } of childrenOf(org, object, id)) {
    if (child.values['IsDeleted'] === true && child.values['SystemModstamp'] === deletedAt) undelete(org, other, child.id)
  }
}

/** Whether a row may be read by queries yet: one of a long transaction appears later than its stamp says. */
export const isVisible = (org: Org, row: Row): boolean =>
  org.options.lateCommitMs === 0 ||
  org.clock.now() - stampMs(row.values['SystemModstamp'] ?? null) >= org.options.lateCommitMs ||
  row.values['LastModifiedById'] === org.integrationUser

/** An assignment goes for good, and with it the sight of the fields that no other set of the user shows. */
function unassign(org: Org, object: ObjectDef, row: Row): void {
  const before = new Set(org.unseen)
  const showing = (of: Row): ReadonlySet<string> =>
    org.permissionSets.get(String(objectNamed(org, 'PermissionSet').rows.get(String(of.values['PermissionSetId']))?.values['Name'])) ??
    new Set()
  const user = row.values['AssigneeId']
  atOnce(
    org,
    () => {
      object.rows.delete(row.id)
      if (user !== org.integrationUser) return
      const others = new Set(
        [...object.rows.values()].filter(({ values }) => values['AssigneeId'] === user).flatMap((other) => [...showing(other)]),
      )
      for (const field of showing(row)) if (!others.has(field)) org.unseen.add(field)
    },
    () => {
      object.rows.set(row.id, row)
      org.unseen.clear()
      for (const field of before) org.unseen.add(field)
    },
  )
}

/** One user has a set once. From then on its fields show. */
function assign(org: Org, values: Record<string, Scalar>): void {
  const same = [...objectNamed(org, 'PermissionSetAssignment').rows.values()].filter(
    (row) => row.values['AssigneeId'] === values['AssigneeId'] && row.values['PermissionSetId'] === values['PermissionSetId'],
  )
  if (same.length > 1) throw refuse('DUPLICATE_VALUE', 'duplicate value found: <unknown> duplicates value on record with id: <unknown>')
  const set = objectNamed(org, 'PermissionSet').rows.get(String(values['PermissionSetId']))
  if (values['AssigneeId'] !== org.integrationUser) return
  for (const field of org.permissionSets.get(String(set?.values['Name'])) ?? []) org.unseen.delete(field)
}
