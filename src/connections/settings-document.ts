import { parse as parseYaml, stringify } from 'yaml'
import { z } from 'zod'
import { CRM_NAMES, type Config } from '../config/index.js'
import { Fault } from '../core/fault.js'
import type { Settings, SettingsVersion } from '../core/settings.js'

const flowSwitch = z.enum(['on', 'observe', 'off'])
const document = z.strictObject({
  cosell: z.literal(1),
  crm: z.enum(CRM_NAMES),
  exported: z.strictObject({ environment: z.string(), version: z.number(), at: z.string() }).optional(),
  // A text of YAML keeps its remarks; export writes the rows themselves, for people to compare.
  mapping: z.union([z.record(z.string(), z.unknown()), z.string()]).nullable(),
  policies: z.strictObject({
    leads: z.boolean(),
    irreversible: z.enum(['allow', 'confirm', 'forbid']),
    owner: z.string().nullable(),
    checkMarkInName: z.boolean(),
  }),
  flows: z.strictObject({ partnerToCrm: flowSwitch, crmToPartner: flowSwitch }),
})

/** The first values, as the configuration file gives them. */
export function settingsOfFile({ mapping, sync }: Config): Settings {
  const { leads, irreversible, owner, checkMarkInName, flows } = sync
  return { mapping: mapping?.text ?? null, policies: { leads, irreversible, owner, checkMarkInName }, flows }
}

/** The configuration as it holds under these settings. */
export const underSettings = (config: Config, { policies, flows }: Settings): Config => ({
  ...config,
  sync: { ...config.sync, ...policies, flows },
})

/** One version as a document that another installation takes: no address, no credential. */
export function documentOf({ settings, number, at }: SettingsVersion, { environment, crm }: Pick<Config, 'environment' | 'crm'>): string {
  const mapping: unknown = settings.mapping === null ? null : parseYaml(settings.mapping)
  const written: z.input<typeof document> = {
    cosell: 1,
    crm: crm.kind,
    exported: { environment, version: number, at: new Date(at).toISOString() },
    mapping: mapping as Record<string, unknown> | null, // a mapping in force has been read as one
    policies: settings.policies,
    flows: settings.flows,
  }
  return stringify(written)
}

/** @throws Fault `misconfigured` naming what is wrong in it. */
export function settingsIn(text: string, { crm }: Pick<Config, 'crm'>): Settings {
  const remedy = 'Give a document that "cosell config export" wrote.'
  let read: unknown
  try {
    read = parseYaml(text)
  } catch (cause) {
    throw new Fault('misconfigured', `The document is not YAML: ${cause instanceof Error ? cause.message : String(cause)}`, {
      remedy,
      cause,
    })
  }
  const parsed = document.safeParse(read)
  if (!parsed.success) {
    const flaws = parsed.error.issues
      .slice(0, 5)
      .map(({ path, message }) => `${path.length === 0 ? 'the document' : path.join('.')}: ${message}`)
    throw new Fault('misconfigured', `This is no settings document: ${flaws.join('; ')}`, { remedy })
  }
  const { mapping, policies, flows } = parsed.data
  if (parsed.data.crm !== crm.kind)
    throw new Fault('misconfigured', `The document is for ${parsed.data.crm}, and this installation works with ${crm.kind}.`, { remedy })
  return { mapping: mapping === null || typeof mapping === 'string' ? mapping : stringify(mapping), policies, flows }
}
