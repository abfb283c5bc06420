import { z } from 'zod'
import { operation, type Operation } from './operation.js'

const number = z.coerce.number().int().min(1).max(100_000_000)
const document = z.string().min(1).max(2_000_000).describe('What "cosell config export" wrote.')

/** Versions of mapping, stages, policies and switches. */
export const SETTINGS_OPERATIONS: readonly Operation[] = [
  operation({
    name: 'versions',
    method: 'GET',
    path: '/settings/versions',
    role: 'viewer',
    summary: 'Lists the versions of the settings, newest first.',
    input: {},
    run: async (service) => ({ versions: await service.settings.list() }),
  }),
  operation({
    name: 'version',
    method: 'GET',
    path: '/settings/version',
    role: 'viewer',
    summary: 'Shows one version of the settings; without a number the one in force.',
    input: { number: number.optional() },
    run: (service, input) => service.settings.show(input.number ?? null),
  }),
  operation({
    name: 'exportSettings',
    method: 'GET',
    path: '/settings/export',
    role: 'viewer',
    summary: 'One version as a document for another installation: no address, no credential.',
    input: { number: number.optional() },
    run: async (service, input) => ({ document: await service.settings.export(input.number ?? null) }),
  }),
  operation({
    name: 'compareSettings',
    method: 'POST',
    path: '/settings/compare',
    role: 'viewer',
    summary: 'What a document would change here, and whether it fits this CRM; changes nothing.',
    input: { document },
    run: (service, input, { signal }) => service.settings.compare(input.document, signal),
  }),
  operation({
    name: 'promoteSettings',
    method: 'POST',
    path: '/settings/promote',
    role: 'admin',
    summary: 'Makes a document the next version: in force at once, or when a second person has approved it.',
    input: { document, note: z.string().max(500).nullable().default(null) },
    run: (service, input, { by, signal }) => service.settings.promote(input.document, { note: input.note, by, signal }),
  }),
  operation({
    name: 'approveSettings',
    method: 'POST',
    path: '/settings/versions/:number/approve',
    role: 'admin',
    summary: 'Puts a proposed version in force; nobody approves his own.',
    input: { number },
    run: (service, input, { by }) => service.settings.approve(input.number, by),
  }),
  operation({
    name: 'rollbackSettings',
    method: 'POST',
    path: '/settings/rollback',
    role: 'admin',
    summary: 'Goes back to a version, or to the one before; flow switches stay as they are unless withFlows is given.',
    input: { number: number.nullable().default(null), withFlows: z.boolean().default(false) },
    run: (service, input, { by }) => service.settings.rollback(input.number, { flows: input.withFlows ? 'restore' : 'keep', by }),
  }),
  operation({
    name: 'taxonomy',
    method: 'GET',
    path: '/taxonomy',
    role: 'viewer',
    summary: 'Words that Partner Center renews every year, and how many deals carry each.',
    input: {},
    run: (service) => service.taxonomy.show(),
  }),
  operation({
    name: 'exportTaxonomy',
    method: 'GET',
    path: '/taxonomy/export',
    role: 'viewer',
    summary: 'The same as a file to edit.',
    input: {},
    run: async (service) => ({ document: await service.taxonomy.export() }),
  }),
]
