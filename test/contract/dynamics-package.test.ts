import { strToU8, unzipSync, zipSync } from 'fflate'
import { describe, expect, it } from 'vitest'
import { solutionPackage } from '../../src/adapters/dynamics/package/package.js'
import type { InstallItem } from '../../src/core/ports.js'
import { cosellCustomization } from '../../src/sandbox/dataverse/index.js'
import { environment, never, type Environment } from '../support/dynamics-environment.js'

const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64')
const plain = { OverwriteUnmanagedCustomizations: false, PublishWorkflows: true }
const importOf = (made: Environment, bytes: Uint8Array) =>
  made.kit.call('POST', 'ImportSolution', {
    ...plain,
    CustomizationFile: base64(bytes),
    ImportJobId: 'e41b7c0a-5a3d-4f14-9a3c-1f0d5b2a0001',
  })
const open = (items: readonly InstallItem[]): string[] => items.filter(({ state }) => state !== 'present').map(({ id }) => id)

/** The package with one of its texts changed. */
function changed(file: string, change: (text: string) => string): Uint8Array {
  const files = unzipSync(solutionPackage('unmanaged'))
  const text = Buffer.from(files[file] ?? new Uint8Array()).toString('utf8') // keeps the byte-order mark
  const next = change(text)
  if (next === text) throw new Error('The change changed nothing.')
  return zipSync({ ...files, [file]: strToU8(next) })
}

describe('the solution package', () => {
  it.each(['managed', 'unmanaged'] as const)('of kind %s is imported by a strict reader, whole', async (kind) => {
    const made = environment()
    const answer = await importOf(made, solutionPackage(kind))
    expect(answer.status, answer.text).toBe(204)
    const { simulator } = made.kit
    expect(simulator.find('solution', { uniquename: 'CosellConnector' })[0]).toMatchObject({
      ismanaged: kind === 'managed',
      version: '1.0.0.0',
    })
    expect(simulator.find('importjob')[0]).toMatchObject({ progress: 100, solutionname: 'CosellConnector' })
    for (const table of ['opportunity', 'lead']) {
      for (const { schemaName, kind: type, maxLength } of cosellCustomization.dealFields) {
        const column = await made.kit.call(
          'GET',
          `EntityDefinitions(LogicalName='${table}')/Attributes(LogicalName='${schemaName.toLowerCase()}')`,
        )
        expect(column.status, schemaName).toBe(200)
        if (type === 'text' || type === 'url' || type === 'memo') expect(column.json['MaxLength'], schemaName).toBe(maxLength)
      }
    }
  })

  it('is the same file every time', () => {
    expect(base64(solutionPackage('managed'))).toBe(base64(solutionPackage('managed')))
  })

  it.each(['managed', 'unmanaged'] as const)('of kind %s leaves to the installer only what cannot be in it', async (kind) => {
    const made = environment()
    await importOf(made, solutionPackage(kind))
    await made.kit.settle()
    const plan = await made.installer().plan({ signal: never })
    const kinds = new Set(open(plan.items).map((id) => id.split(':')[0] ?? ''))
    // A managed solution takes up nothing, so that what follows needs one beside it.
    expect(kinds.has('solution')).toBe(kind === 'managed')
    for (const brought of ['publisher', 'table', 'relation', 'key', 'webresource', 'view']) expect(kinds, brought).not.toContain(brought)
    // The columns that stand open for a person's consent are those to be protected.
    expect(
      plan.items
        .filter(({ id, state }) => id.startsWith('column:') && state !== 'present')
        .every(({ change }) => change === 'protect by column security'),
    ).toBe(true)
    const report = await made.installer().apply({ existing: 'alter', onProgress: () => undefined, signal: never })
    expect(open(report.items)).toEqual([])
  })

  it('is imported in the background under the lock, with its progress', async () => {
    const made = environment()
    const started = await made.kit.call('POST', 'ImportSolutionAsync', { ...plain, CustomizationFile: base64(solutionPackage('managed')) })
    const operation = String(started.json['AsyncOperationId'])
    const held = await made.kit.call('POST', 'PublishAllXml', {})
    expect(held.error.code).toBe('0x80071151')
    await made.kit.settle()
    expect(made.kit.simulator.read('asyncoperation', operation)).toMatchObject({ statecode: 3, statuscode: 30 })
    expect(made.kit.simulator.read('importjob', String(started.json['ImportJobKey']))).toMatchObject({ progress: 100 })
  })

  it('of one kind is refused where the other is installed', async () => {
    const made = environment()
    await importOf(made, solutionPackage('managed'))
    expect((await importOf(made, solutionPackage('unmanaged'))).error.code).toBe('0x80048041')
  })

  it('may be imported again', async () => {
    const made = environment()
    await importOf(made, solutionPackage('unmanaged'))
    expect((await importOf(made, solutionPackage('unmanaged'))).status).toBe(204)
    expect(made.kit.simulator.find('solution', { uniquename: 'CosellConnector' })).toHaveLength(1)
  })

  it('passes the staging check', async () => {
    const made = environment()
    const staged = await made.kit.call('POST', 'StageSolution', { CustomizationFile: base64(solutionPackage('managed')) })
    expect(staged.json['StageSolutionResults']).toMatchObject({
      StageSolutionStatus: 'Passed',
      SolutionDetails: { SolutionUniqueName: 'CosellConnector' },
    })
  })

  it.each<[string, string, (text: string) => string, string]>([
    ['a content type is missing', '[Content_Types].xml', (text) => text.replace(/<Override[^>]*>/, ''), 'has no entry for WebResources/'],
    [
      'a system column is missing',
      'customizations.xml',
      (text) => text.replaceAll('"OwningTeam"', '"OwningTeams"').replaceAll('>owningteam<', '>owningteams<'),
      'MetadataCache',
    ],
    [
      'a file of a web resource is missing',
      'customizations.xml',
      (text) => text.replace('<FileName>/WebResources/', '<FileName>/WebResources/x'),
      'is not in the package',
    ],
    [
      'a section stands in the wrong place',
      'customizations.xml',
      (text) => text.replace('<Roles/>', '').replace('<Languages>', '<Roles/><Languages>'),
      'wrong place',
    ],
    [
      'an option is outside of the range',
      'customizations.xml',
      (text) => text.replace('value="412500000"', 'value="100000000"'),
      "outside of the publisher's range",
    ],
    [
      'a key names no column',
      'customizations.xml',
      (text) => text.replace('<AttributeName>cosell_referralidentifier', '<AttributeName>cosell_nothing'),
      'cosell_nothing',
    ],
    ['the manifest is incomplete', 'solution.xml', (text) => text.replace('<Managed>0</Managed>', ''), "lacks the element 'Managed'"],
    [
      'a root component is missing',
      'solution.xml',
      (text) => text.replace('schemaName="lead" behavior="2"', 'schemaName="cosell_gone" behavior="2"'),
      'cosell_gone',
    ],
  ])('would be refused, and nothing of it kept, when %s', async (_what, file, change, why) => {
    const made = environment()
    const answer = await importOf(made, changed(file, change))
    expect(answer.error.code).toBe('0x80048033')
    expect(answer.error.message).toContain(why)
    expect(made.kit.simulator.find('solution', { uniquename: 'CosellConnector' })).toEqual([])
    const columns = await made.kit.call('GET', "EntityDefinitions(LogicalName='opportunity')/Attributes(LogicalName='cosell_help')")
    expect(columns.status).toBe(404)
  })

  it('needs the Sales app', async () => {
    const made = environment({ salesApp: 'absent' })
    expect((await importOf(made, solutionPackage('managed'))).error.message).toContain('opportunity')
  })
})
