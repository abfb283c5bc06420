import { z } from 'zod'
import { FIELD_NAMES, isField } from './deal.js'
import { Fault } from './fault.js'
import { didYouMean } from './nearest.js'
import { isStage, STAGES } from './stage.js'

/**
 * `mapping.yaml` as a person writes it. Rows are keyed by the property path of the Referrals API;
 * a row given here replaces the built-in one.
 */
const scalar = z.union([z.string(), z.number(), z.boolean(), z.null()])
const expression = z.string().min(1).max(10_000)

export const rowSchema = z.strictObject({
  crm: z
    .string()
    .regex(
      /^[A-Za-z][A-Za-z0-9_]*(\.[A-Za-z][A-Za-z0-9_]*)?$/,
      'is the name of a CRM field such as "new_budget", or a path such as "account.address1_country"',
    ),
  flow: z.enum(['both', 'to-crm', 'to-partner']).optional(),
  when: z.enum(['both', 'create', 'update']).optional(),
  wins: z.enum(['partner', 'crm', 'union', 'hold']).optional(),
  values: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])).optional(),
  toPartner: expression.optional(),
  toCrm: expression.optional(),
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
    .strictObject({ opportunity: z.record(z.string(), scalar).optional(), lead: z.record(z.string(), scalar).optional() })
    .optional(),
  stages: stagesSchema.optional(),
  leadStages: stagesSchema.optional(),
})

/** For completion in editors. */
export const mappingJsonSchema = (): object => z.toJSONSchema(mappingSchema, { io: 'input', unrepresentable: 'any' })

export type RowDocument = z.infer<typeof rowSchema>
export type MappingDocument = z.infer<typeof mappingSchema>
export const EMPTY_MAPPING: MappingDocument = { version: 1 }

const STAGE_GROUPS = ['New/*', 'Active/*', 'Closed/*'] as const
export const STAGE_PATTERNS: readonly string[] = [...STAGES, ...STAGE_GROUPS]
// A list of literals is a list of strings; the guard itself is the check.
export const isStagePattern = (text: string): boolean => isStage(text) || (STAGE_GROUPS as readonly string[]).includes(text)

/**
 * Reads a mapping document that came from a file, the store or the console.
 * @throws Fault `misconfigured` that lists every problem with its place, and the nearest name for a mistyped one.
 */
export function parseMapping(document: unknown): MappingDocument {
  const parsed = mappingSchema.safeParse(document)
  const problems = parsed.success ? nameProblems(parsed.data) : parsed.error.issues.map(sentence)
  if (parsed.success && problems.length === 0) return parsed.data
  throw new Fault('misconfigured', `The mapping cannot be used: ${problems.join(' ')}`, {
    remedy: 'Correct the mapping; "cosell mapping check" tests it without changing anything.',
  })
}

const knownKeys: Readonly<Record<number, readonly string[]>> = {
  0: ['version', 'opportunity', 'lead', 'defaults', 'stages', 'leadStages'],
  1: ['opportunity', 'lead'],
  2: Object.keys(rowSchema.shape),
}

function sentence(issue: z.core.$ZodIssue): string {
  const place = issue.path.map(String).join(' > ')
  const where = place === '' ? '' : `${place}: `
  if (issue.code !== 'unrecognized_keys') return `${where}${issue.message}.`
  const known = knownKeys[issue.path.length] ?? []
  return issue.keys.map((key) => `${where}"${key}" is not known.${didYouMean(key, known)}`).join(' ')
}

function nameProblems(document: MappingDocument): string[] {
  const problems: string[] = []
  for (const part of ['opportunity', 'lead'] as const) {
    for (const name of Object.keys(document[part] ?? {})) {
      if (!isField(name)) problems.push(`${part} > "${name}" is no field of a referral.${didYouMean(name, FIELD_NAMES)}`)
    }
  }
  for (const part of ['stages', 'leadStages'] as const) {
    for (const [name, row] of Object.entries(document[part] ?? {})) {
      if (!isStagePattern(name)) problems.push(`${part} > "${name}" is no referral status.${didYouMean(name, STAGE_PATTERNS)}`)
      if (Object.keys(row).every((key) => key === 'otherOpen')) problems.push(`${part} > "${name}" names no CRM field.`)
    }
  }
  return problems
}
