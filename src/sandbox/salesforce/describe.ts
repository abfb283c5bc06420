import type { FieldDef, ObjectDef } from './model.js'
import { objectNamed, type Org } from './org.js'
import { fieldsOf } from './soql-run.js'

const head = (object: ObjectDef, version: string): Record<string, unknown> => ({
  name: object.name,
  label: object.label,
  labelPlural: object.labelPlural,
  keyPrefix: object.keyPrefix,
  custom: object.custom,
  createable: object.createable,
  updateable: object.createable,
  deletable: object.createable,
  queryable: true,
  retrieveable: true,
  replicateable: true,
  triggerable: true,
  urls: {
    sobject: `/services/data/v${version}/sobjects/${object.name}`,
    describe: `/services/data/v${version}/sobjects/${object.name}/describe`,
    rowTemplate: `/services/data/v${version}/sobjects/${object.name}/{ID}`,
  },
})

export const describeGlobal = (org: Org, version: string): unknown => ({
  encoding: 'UTF-8',
  maxBatchSize: 200,
  sobjects: [...org.objects.values()].map((object) => head(object, version)),
})

/** What the user who asks may see: hidden fields are not there. */
export function describeObject(org: Org, name: string, version: string): unknown {
  const object = objectNamed(org, name)
  return {
    ...head(object, version),
    fields: fieldsOf(org, object.name).map(fieldShown),
    childRelationships: [...org.objects.values()].flatMap((child) =>
      [...child.fields.values()]
        .filter((field) => field.referenceTo.includes(object.name))
        .map((field) => ({
          childSObject: child.name,
          field: field.name,
          relationshipName: field.childRelationship,
          cascadeDelete: !field.nillable,
          deprecatedAndHidden: false,
        })),
    ),
    recordTypeInfos: [
      {
        name: 'Master',
        recordTypeId: '012000000000000AAA',
        developerName: 'Master',
        available: true,
        active: true,
        master: true,
        defaultRecordTypeMapping: true,
        urls: {},
      },
    ],
  }
}

const soapTypes: Readonly<Record<string, string>> = {
  boolean: 'xsd:boolean',
  int: 'xsd:int',
  double: 'xsd:double',
  currency: 'xsd:double',
  percent: 'xsd:double',
  date: 'xsd:date',
  datetime: 'xsd:dateTime',
  id: 'tns:ID',
  reference: 'tns:ID',
}
function fieldShown(field: FieldDef): Record<string, unknown> {
  return {
    name: field.name,
    label: field.label,
    type: field.type,
    length: field.length,
    byteLength: field.length * 3,
    precision: field.precision,
    scale: field.scale,
    digits: field.type === 'int' ? 9 : 0,
    nillable: field.nillable,
    createable: field.createable,
    updateable: field.updateable,
    defaultedOnCreate: field.defaultValue !== null || field.name === 'OwnerId' || !field.createable,
    defaultValue: field.defaultValue,
    calculated: field.calculated,
    calculatedFormula: null,
    custom: field.custom,
    externalId: field.externalId,
    unique: field.unique,
    idLookup: field.externalId || field.name === 'Id',
    caseSensitive: false,
    autoNumber: false,
    nameField: field.name === 'Name',
    filterable: !(field.type === 'textarea' && field.length > 255),
    sortable: !(field.type === 'textarea' && field.length > 255),
    groupable: false,
    permissionable: field.custom,
    restrictedPicklist: field.restricted,
    dependentPicklist: false,
    controllerName: null,
    picklistValues: field.values.map((option) => ({
      active: true,
      defaultValue: option.isDefault,
      label: option.label,
      validFor: null,
      value: option.value,
    })),
    referenceTo: field.referenceTo,
    relationshipName: field.relationship,
    relationshipOrder: null,
    htmlFormatted: false,
    encrypted: false,
    inlineHelpText: null,
    deprecatedAndHidden: false,
    soapType: soapTypes[field.type] ?? 'xsd:string',
    compoundFieldName: null,
    extraTypeInfo: field.type === 'textarea' ? 'plaintextarea' : null,
  }
}
