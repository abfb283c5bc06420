import { z } from 'zod'
import { aboutSettings, fileSchema, TENANTS_MEANING, type SettingKind } from './schema.js'

const shapes: Readonly<Partial<Record<SettingKind, Readonly<Record<string, unknown>>>>> = {
  switch: { type: 'boolean' },
  number: { type: 'number', minimum: 0 },
  duration: { type: 'string', pattern: '^\\d+(\\.\\d+)?\\s*(ms|s|m|h|d)$' },
  address: { type: 'string', format: 'uri' },
}
/** `${NAME}` may stand for any scalar, also where an editor expects a number or true/false. */
const variable = { type: 'string', pattern: '\\$\\{[A-Za-z_][A-Za-z0-9_]*\\}' }

function typedDefault(kind: SettingKind, fallback: unknown): unknown {
  if (kind === 'switch') return fallback === 'true'
  return kind === 'number' ? Number(fallback) : fallback
}

function describe(type: unknown, json: Record<string, unknown>): void {
  const inner = type instanceof z.ZodPrefault || type instanceof z.ZodOptional ? type.def.innerType : type
  const about = inner instanceof z.ZodType ? aboutSettings.get(inner) : undefined
  if (about === undefined) {
    if (json['type'] === 'object') delete json['default'] // An empty section is no value anybody would write.
    return
  }
  const choices = json['enum']
  const shape = Array.isArray(choices) ? { enum: choices } : shapes[about.kind]
  json['description'] = about.meaning
  if ('default' in json) json['default'] = typedDefault(about.kind, json['default'])
  if (shape === undefined) return
  delete json['type']
  delete json['enum']
  json['anyOf'] = [shape, variable]
}

/** The JSON Schema of cosell.yaml, by which editors complete and check it. */
export function configJsonSchema(): Record<string, unknown> {
  const schema = z.toJSONSchema(fileSchema, {
    io: 'input',
    reused: 'inline',
    override: ({ zodSchema, jsonSchema }) => describe(zodSchema, jsonSchema as Record<string, unknown>), // "as": we write keys of our own choice
  }) as Record<string, unknown> // "as": the schema is plain JSON
  const { required: _none, properties, ...rest } = schema
  const tenants = { type: 'object', description: TENANTS_MEANING, additionalProperties: { type: 'string' }, minProperties: 1 }
  return {
    ...rest,
    title: 'cosell.yaml',
    description: 'Configuration of cosell, the open co-sell connector.',
    properties: { ...(properties as object), tenants }, // "as": an object schema has properties
    anyOf: [{ required: ['partnerCenter', 'crm'] }, { required: ['tenants'] }],
  }
}
