import { z } from 'zod'
import { isTimeZone } from './calendar.js'
import { FIELD_NAMES, isField } from './deal.js'
import { Fault } from './fault.js'
import { didYouMean } from './nearest.js'
import { isStage, STAGES } from './stage.js'

/**
 * `mapping.yaml` as a person writes it. Rows are keyed by the property path of the Referrals API;
 * a row given here replaces the built-in one.
 */
const scalar = z.union([z.string(), z.number(), z.boolean(), z.null()])
const constants = z.record(z.string(), scalar)
const expression = z.string().min(1).max(10_000)

export const rowSchema = z.strictObject({
  crm: z
    .string()
    .regex(
      /^[A-Za-z][A-Za-z0-9_]*(\.[A-Za-z][A-Za-z0-9_]*)?$/,
      'is the name of a CRM field such as "new_budget", or a path such as "account.address1_country"',
    ),
  flow: z.enum(['both', 'to-crm', 'to-partner']).optional().describe('A one-way row restores its source: an edit on the receiving side is undone and recorded. Default: both.'),
  when: z.enum(['both', 'create', 'update']).optional().describe('With a new record only, after it was made only, or both.'),
  wins: z.enum(['partner', 'crm', 'union', 'hold']).optional().describe('When both sides changed it: who wins; union joins lists; hold leaves it to a person.'),
  values: z
    .record(z.string(), z.union([z.string(), z.number(), z.boolean()]))
    .optional()
    .describe('Word of Partner Center on the left, value or label of the column on the right; each right side once.'),
  toPartner: expression.optional().describe('CEL over "value": what the column holds, to what Partner Center takes.'),
  toCrm: expression.optional().describe('CEL over "value": what Partner Center shows, to what the column takes.'),
})
const rowsSchema = z.record(z.string(), rowSchema)
const stageSchema = z.intersection(
  z.object({ otherOpen: z.boolean().optional() }),
  z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])),
)
const stagesSchema = z.record(z.string(), stageSchema)

export const mappingSchema = z.strictObject({
  version: z.literal(1),
  opportunity: rowsSchema.optional(),
  lead: rowsSchema.optional(),
  defaults: z
    .strictObject({
      opportunity: constants.optional(),
      lead: constants.optional(),
      account: constants.optional(),
      contact: constants.optional(),
    })
    .optional(),
  stages: stagesSchema.optional(),
  leadStages: stagesSchema.optional(),
  timeZone: z.string().refine(isTimeZone, 'is no time zone; write an IANA name such as Europe/Berlin').optional(),
})

type JsonSchema = Record<string, unknown>
/** For completion in editors: the fields of a referral and its statuses by name, each key with what it means. */
export function mappingJsonSchema(): object {
  const schema: JsonSchema = z.toJSONSchema(mappingSchema, { io: 'input', unrepresentable: 'any' })
  const row: JsonSchema = z.toJSONSchema(rowSchema, { io: 'input', unrepresentable: 'any' })
  const stage: JsonSchema = z.toJSONSchema(stageSchema, { io: 'input', unrepresentable: 'any' })
  const own = (part: JsonSchema): JsonSchema => Object.fromEntries(Object.entries(part).filter(([key]) => key !== '$schema'))
  const named = (names: readonly string[], ref: string, description: string): JsonSchema => ({
    type: 'object',
    description,
    properties: Object.fromEntries(names.map((name) => [name, { $ref: ref }])),
    additionalProperties: false,
  })
  const properties = {
    ...(schema['properties'] as JsonSchema), // the schema of an object has properties
    opportunity: named(FIELD_NAMES, '#/$defs/row', 'Rows of opportunities, by the property of the referral; each replaces the built-in one.'),
    lead: named(FIELD_NAMES, '#/$defs/row', 'Rows of leads.'),
    stages: named(STAGE_PATTERNS, '#/$defs/stage', 'What an opportunity shows for each status of its referral.'),
    leadStages: named(STAGE_PATTERNS, '#/$defs/stage', 'What a lead shows for each status of its referral.'),
  }
  return { ...schema, title: 'mapping.yaml of cosell', properties, $defs: { row: own(row), stage: own(stage) } }
}

export type RowDocument = z.infer<typeof rowSchema>
export type MappingDocument = z.infer<typeof mappingSchema>
export const EMPTY_MAPPING: MappingDocument = { version: 1 }

const STAGE_GROUPS = ['New/*', 'Active/*', 'Closed/*'] as const
export const STAGE_PATTERNS: readonly string[] = [...STAGES, ...STAGE_GROUPS]
// A list of literals is a list of strings; the guard itself is the check.
export const isStagePattern = (text: string): boolean => isStage(text) || (STAGE_GROUPS as readonly string[]).includes(text)

/** The line of the text in which a part of the document stands, given the keys that lead to it; null where that is not known. */
export type LineOf = (path: readonly PropertyKey[]) => number | null
export const noLine: LineOf = () => null

interface Problem {
  readonly path: readonly PropertyKey[]
  readonly text: string
}

/**
 * Reads a mapping document that came from a file, the store or the console.
 * @throws Fault `misconfigured` that lists every problem with its place, and the nearest name for a mistyped one.
 */
export function parseMapping(document: unknown, lineOf: LineOf = noLine): MappingDocument {
  const parsed = mappingSchema.safeParse(written(document))
  const problems = parsed.success ? nameProblems(parsed.data) : parsed.error.issues.flatMap(problemsOf)
  if (parsed.success && problems.length === 0) return parsed.data
  const said = problems.map(({ path, text }) => {
    const line = lineOf(path)
    return line === null ? text : `line ${line}: ${text}`
  })
  throw new Fault('misconfigured', `The mapping cannot be used: ${said.length === 1 ? said.join('') : said.map((text) => `\n  ${text}`).join('')}`, {
    remedy: 'Correct the mapping; "cosell mapping check" tests it without changing anything.',
  })
}

const SECTIONS: readonly string[] = ['opportunity', 'lead', 'defaults', 'stages', 'leadStages']

/** A section of which only the heading stands, or remarks below it, is YAML's null: whoever wrote it says nothing there. */
function written(document: unknown): unknown {
  if (typeof document !== 'object' || document === null || Array.isArray(document)) return document
  return Object.fromEntries(Object.entries(document).filter(([name, value]) => value !== null || !SECTIONS.includes(name)))
}

const knownKeys: Readonly<Record<number, readonly string[]>> = {
  0: Object.keys(mappingSchema.shape),
  1: ['opportunity', 'lead', 'account', 'contact'],
  2: Object.keys(rowSchema.shape),
}

function problemsOf(issue: z.core.$ZodIssue): Problem[] {
  const place = issue.path.map(String).join(' > ')
  const where = place === '' ? '' : `${place}: `
  if (issue.code !== 'unrecognized_keys') return [{ path: issue.path, text: `${where}${issue.message}.` }]
  const known = knownKeys[issue.path.length] ?? []
  return issue.keys.map((key) => ({ path: [...issue.path, key], text: `${where}"${key}" is not known.${didYouMean(key, known)}` }))
}

function nameProblems(document: MappingDocument): Problem[] {
  const problems: Problem[] = []
  for (const part of ['opportunity', 'lead'] as const) {
    for (const name of Object.keys(document[part] ?? {})) {
      if (!isField(name))
        problems.push({ path: [part, name], text: `${part} > "${name}" is no field of a referral.${didYouMean(name, FIELD_NAMES)}` })
    }
  }
  for (const part of ['stages', 'leadStages'] as const) {
    for (const [name, row] of Object.entries(document[part] ?? {})) {
      const path = [part, name]
      if (!isStagePattern(name)) problems.push({ path, text: `${part} > "${name}" is no referral status.${didYouMean(name, STAGE_PATTERNS)}` })
      if (Object.keys(row).every((key) => key === 'otherOpen')) problems.push({ path, text: `${part} > "${name}" names no CRM field.` })
    }
  }
  return problems
}
