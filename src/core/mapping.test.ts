import { describe, expect, test } from 'vitest'
import { FIELD_NAMES, isListField, type Field } from './deal.js'
import { isFault } from './fault.js'
import { effectiveMapping, fieldPolicies, toCrmValue, toPartnerValue, type MappingRow, type Profile } from './mapping.js'
import { EMPTY_MAPPING, mappingJsonSchema, parseMapping } from './mapping-document.js'
import { decodeStage, encodeStage, stageRow, type StageTable } from './mapping-stages.js'
import { defaultFieldPolicies } from './policy.js'
import { STAGES } from './stage.js'

const stages: StageTable = {
  section: 'stages',
  rows: [
    stageRow('New/*', { statecode: 0, statuscode: 2 }),
    stageRow('Active/Accepted', { statecode: 0, statuscode: 1 }),
    stageRow('Closed/Won', { statecode: 1, statuscode: 3 }),
    stageRow('Closed/Lost', { statecode: 2, statuscode: 5 }),
    stageRow('Closed/*', { statecode: 2, statuscode: 4 }),
  ],
}
const profile: Profile = {
  crm: 'test',
  opportunity: {
    name: { crm: 'name' },
    'details.dealValue': { crm: 'estimatedvalue' },
    'details.notes': { crm: 'description' },
    'inviteContext.assistanceRequestCode': { crm: 'help' },
    'customerProfile.address.country': { crm: 'account.country', toPartner: 'iso2(value)' },
    team: { crm: 'owner' },
    status: { crm: 'stage' },
    'microsoft.status': { crm: 'microsoftstatus' },
  },
  lead: { name: { crm: 'subject' } },
  stages,
  leadStages: { section: 'leadStages', rows: [stageRow('New/*', { statecode: 0, statuscode: 1 })] },
  places: ['stage', 'owner'],
}
const mappingOf = (document: unknown) => effectiveMapping(profile, parseMapping(document))
const refusal = (work: () => unknown): string => {
  try {
    work()
  } catch (error) {
    return isFault(error) && error.kind === 'misconfigured' ? error.message : `wrong error: ${String(error)}`
  }
  return 'accepted'
}

describe('a mapping document', () => {
  test('replaces a built-in row and leaves the others', () => {
    const mapping = mappingOf({ version: 1, opportunity: { 'details.dealValue': { crm: 'new_budget' } } })
    expect(mapping.opportunity['details.dealValue']).toMatchObject({ crm: 'new_budget', origin: 'document' })
    expect(mapping.opportunity.name).toMatchObject({ crm: 'name', origin: 'built-in' })
  })

  test('adds a row for a field that has none', () => {
    const mapping = mappingOf({
      version: 1,
      opportunity: { salesStage: { crm: 'stepname', wins: 'crm', values: { '10': '1-Qualify', '20': '2-Develop' } } },
    })
    expect(mapping.opportunity.salesStage).toMatchObject({ crm: 'stepname', wins: 'crm' })
  })

  test.each([
    [{ version: 1, opportunity: { 'details.dealvalue': { crm: 'x' } } }, 'Did you mean "details.dealValue"?'],
    [{ version: 1, opportunity: { dealValue: { crm: 'x' } } }, 'Did you mean "details.dealValue"?'],
    [{ version: 1, opportunity: { name: { crm: 'x', flows: 'both' } } }, 'Did you mean "flow"?'],
    [{ version: 1, oportunity: {} }, 'Did you mean "opportunity"?'],
    [{ version: 1, opportunity: { name: { crm: 'a b' } } }, 'opportunity > name > crm'],
    [{ version: 1, opportunity: { name: {} } }, 'opportunity > name > crm'],
    [{ version: 1, opportunity: { name: { crm: 'x', wins: 'newest' } } }, 'wins'],
    [{ version: 2 }, 'version'],
    [{ version: 1, stages: { 'Closed/Wom': { statecode: 1 } } }, 'Did you mean "Closed/Won"?'],
    [{ version: 1, stages: { 'Closed/Won': { otherOpen: true } } }, 'names no CRM field'],
    [null, 'mapping cannot be used'],
  ])('%j is refused with the place and the nearest name', (document, part) => {
    expect(refusal(() => parseMapping(document))).toContain(part)
  })

  test('a section of which only the heading stands says nothing', () => {
    const headings = { opportunity: null, lead: null, defaults: null, stages: null, leadStages: null }
    expect(parseMapping({ version: 1, ...headings })).toEqual({ version: 1 })
    expect(refusal(() => parseMapping({ version: 1, timeZone: null }))).toContain('timeZone')
  })

  test.each([
    [{ name: { crm: 'x', wins: 'union' } }, 'joins lists'],
    [{ 'microsoft.status': { crm: 'x', flow: 'to-partner' } }, 'never takes it'],
    [{ salesStage: { crm: 'x', values: { '10': 'Same', '20': 'same ' } } }, 'the way back is not clear'],
    [{ name: { crm: 'x', toCrm: 'nope(value)' } }, 'nope'],
    [{ status: { crm: 'x' } }, 'the status is not kept in one column'],
    [{ team: { crm: 'owner', toCrm: 'value' } }, 'stands for more than one column'],
    [{ 'details.notes': { crm: 'x', toCrm: 'value + 5' } }, 'string + int, at character 1'],
    [{ 'details.dealValue': { crm: 'x', toCrm: 'value * 2' } }, 'Write numbers with a point'],
    [{ 'details.dealValue': { crm: 'x', toPartner: 'value == "a"' } }, 'it gives yes or no; a number or text is needed'],
    [{ 'details.closingDateTime': { crm: 'x', toPartner: '5' } }, 'it gives a number; text is needed'],
    [{ 'details.notes': { crm: 'x', toCrm: 'null' } }, 'nothing, always'],
  ])('%j is refused because it cannot work', (opportunity, part) => {
    expect(refusal(() => mappingOf({ version: 1, opportunity }))).toContain(part)
  })
})

describe('the JSON Schema for editors', () => {
  const schema = mappingJsonSchema() as {
    properties: Record<string, { properties: Record<string, { $ref: string }>; additionalProperties: boolean }>
    $defs: { row: { properties: Record<string, { description?: string; enum?: string[] }> } }
  }

  test('offers every field of a referral, every status, and what each key of a row may say', () => {
    expect(Object.keys(schema.properties['opportunity']?.properties ?? {})).toEqual(FIELD_NAMES)
    expect(Object.keys(schema.properties['stages']?.properties ?? {})).toContain('Closed/*')
    expect(schema.properties['lead']?.additionalProperties).toBe(false)
    expect(schema.$defs.row.properties['wins']).toMatchObject({ enum: ['partner', 'crm', 'union', 'hold'] })
    expect(Object.keys(schema.$defs.row.properties)).toEqual(['crm', 'flow', 'when', 'wins', 'values', 'toPartner', 'toCrm'])
    expect(Object.keys(schema.properties)).toContain('timeZone')
  })
})

describe('a mapping with several mistakes', () => {
  test('is refused with all of them, each with its place', () => {
    const document = { version: 1, opportunity: { name: { crm: 'a', wins: 'union' }, 'details.notes': { crm: 'b', toCrm: 'nope(value)', toPartner: 'value +' } } }
    const said = refusal(() => mappingOf(document))
    for (const part of ['for 3 reasons', 'opportunity > name:', 'details.notes > toCrm', 'details.notes > toPartner']) expect(said).toContain(part)
  })

  test('is refused with the lines, where the text is known', () => {
    const lineOf = (path: readonly PropertyKey[]) => (path.includes('nmae') ? 3 : path.includes('stages') ? 7 : null)
    const document = { version: 1, opportunity: { nmae: { crm: 'x' } }, stages: { 'New/Nothing': { statecode: 0 } } }
    expect(refusal(() => parseMapping(document, lineOf))).toMatch(/line 3: .*"nmae".*\n.*line 7: .*"New\/Nothing"/s)
    expect(refusal(() => effectiveMapping(profile, parseMapping({ version: 1, opportunity: { name: { crm: 'a', wins: 'union' } } }), () => 2))).toContain('opportunity > name (line 2)')
  })
})

describe('the policy of a row', () => {
  const policyOf = (field: Field, row: object) =>
    fieldPolicies(mappingOf({ version: 1, opportunity: { [field]: { crm: 'x', ...row } } }))[field]

  test("a built-in row has the field's own rule, a field without a row stays where it is", () => {
    const policies = fieldPolicies(effectiveMapping(profile, EMPTY_MAPPING))
    const usual = defaultFieldPolicies()
    expect(policies['details.dealValue']).toEqual(usual['details.dealValue'])
    expect(policies.name).toEqual(usual.name)
    expect(policies.campaignId).toMatchObject({ into: { crm: 'never', partner: 'never' }, restore: false })
    expect(Object.keys(policies).sort()).toEqual([...FIELD_NAMES].sort())
  })

  test.each<[Field, object, object]>([
    ['details.notes', { flow: 'to-crm' }, { into: { crm: 'always', partner: 'never' }, restore: true }],
    ['details.notes', { flow: 'to-partner' }, { into: { crm: 'never', partner: 'always' }, restore: true }],
    ['details.notes', { when: 'create' }, { into: { crm: 'create', partner: 'create' }, restore: false }],
    ['details.notes', { when: 'update' }, { into: { crm: 'update', partner: 'update' } }],
    ['details.notes', { wins: 'crm' }, { rule: 'crm', into: { crm: 'always', partner: 'always' } }],
    ['name', {}, { into: { crm: 'create', partner: 'create' } }],
    ['name', { when: 'both' }, { into: { crm: 'always', partner: 'create' } }],
    ['name', { when: 'update' }, { into: { crm: 'update', partner: 'never' } }],
    ['microsoft.status', {}, { rule: 'partner', into: { crm: 'always', partner: 'never' }, restore: true }],
  ])('%s with %j', (field, row, expected) => {
    expect(policyOf(field, row)).toMatchObject(expected)
  })

  test('leads have policies of their own rows', () => {
    const policies = fieldPolicies(effectiveMapping(profile, EMPTY_MAPPING), 'lead')
    expect(policies.name.into.crm).toBe('create')
    expect(policies['details.notes'].into.crm).toBe('never')
  })
})

describe('the table of stages', () => {
  const read = (table: StageTable, statecode: number, statuscode: number) =>
    decodeStage(table, { statecode, statuscode }, { isOpen: statecode === 0, text: 'Waiting for parts' })

  test.each([
    ['New/Pending', 0, 2],
    ['New/Received', 0, 2],
    ['Active/Accepted', 0, 1],
    ['Closed/Won', 1, 3],
    ['Closed/Lost', 2, 5],
    ['Closed/Declined', 2, 4],
    ['Closed/Expired', 2, 4],
    ['Closed/Error', 2, 4],
  ] as const)('%s is written as %i/%i', (stage, statecode, statuscode) => {
    expect(encodeStage(stages, stage)).toEqual({ statecode, statuscode })
  })

  test.each([
    [0, 2, 'New/Received'],
    [0, 1, 'Active/Accepted'],
    [1, 3, 'Closed/Won'],
    [2, 5, 'Closed/Lost'],
    [2, 4, 'Closed/Lost'],
  ])('%i/%i reads as %s', (statecode, statuscode, stage) => {
    expect(read(stages, statecode, statuscode)).toEqual({ stage })
  })

  test('what a stage is written as reads as a stage that is written the same', () => {
    for (const stage of STAGES) {
      const written = encodeStage(stages, stage)
      const shown = decodeStage(stages, written ?? {}, { isOpen: written?.['statecode'] === 0, text: '' })
      expect('stage' in shown && decodeStage(stages, encodeStage(stages, shown.stage) ?? {}, { isOpen: true, text: '' })).toEqual(shown)
    }
  })

  test('an unknown status reason is unreadable and names the row to add', () => {
    const shown = read(stages, 0, 100000001)
    expect(shown).toMatchObject({
      unreadable: { field: 'status', shows: 'Waiting for parts', remedy: expect.stringContaining('statecode: 0, statuscode: 100000001') },
    })
  })

  test('a row marked otherOpen takes every other open stage, but no closed one', () => {
    const { stages: table } = mappingOf({ version: 1, stages: { 'Active/Accepted': { statecode: 0, statuscode: 1, otherOpen: true } } })
    expect(read(table.opportunity, 0, 100000001)).toEqual({ stage: 'Active/Accepted' })
    expect(read(table.opportunity, 2, 100000001)).toHaveProperty('unreadable')
  })

  test("a document's row replaces one, and a new one is preferred", () => {
    const { stages: table } = mappingOf({
      version: 1,
      stages: { 'Closed/Declined': { statecode: 2, statuscode: 4 }, 'New/*': { statecode: 0, statuscode: 100000002 } },
    })
    expect(read(table.opportunity, 2, 4)).toEqual({ stage: 'Closed/Declined' })
    expect(encodeStage(table.opportunity, 'New/Pending')).toEqual({ statecode: 0, statuscode: 100000002 })
    expect(encodeStage(table.opportunity, 'Closed/Expired')).toEqual({ statecode: 2, statuscode: 4 })
  })
})

describe('the value of a row', () => {
  const rowOf = (field: Field, row: object): MappingRow => {
    const found = mappingOf({ version: 1, opportunity: { [field]: { crm: 'x', ...row } } }).opportunity[field]
    if (found === undefined) throw new Error('no row')
    return found
  }

  test('a listed value goes and comes by the list, in any spelling of the label', () => {
    const row = rowOf('salesStage', { values: { '10': '1-Qualify', '20': '2-Develop' } })
    expect(toCrmValue(row, '10')).toBe('1-Qualify')
    expect(toPartnerValue(row, '2 - develop')).toBe('20')
    expect(toPartnerValue(row, '3-Propose')).toBe('3-Propose')
  })

  test('help is shown by its label and read in any spelling; "Unknown" is empty', () => {
    const row = rowOf('inviteContext.assistanceRequestCode', {})
    expect(toCrmValue(row, 'ProofOfConceptOrDemo')).toBe('Proof of concept / Demo')
    expect(toPartnerValue(row, 'PROOF OF CONCEPT - DEMO')).toBe('ProofOfConceptOrDemo')
    expect(toPartnerValue(row, 'Proof Of Concept or Demo')).toBe('ProofOfConceptOrDemo')
    expect(toCrmValue(row, 'Unknown')).toBeNull()
    expect(toCrmValue(row, 'SomethingNew')).toBe('SomethingNew')
  })

  test('an expression converts each way', () => {
    const row = rowOf('customerProfile.address.country', { toPartner: 'iso2(value)', toCrm: 'countryName(value)' })
    expect(toCrmValue(row, 'DE')).toBe('Germany')
    expect(toPartnerValue(row, 'Deutschland')).toBe('DE')
  })

  test('a check mark never becomes part of a name', () => {
    const row = rowOf('name', {})
    expect(toPartnerValue(row, '✔ Fabrikam')).toBe('Fabrikam')
    expect(toCrmValue(row, '✘ ✓ Fabrikam')).toBe('Fabrikam')
  })

  test('every field but the status can have a row', () => {
    for (const field of FIELD_NAMES.filter((name) => name !== 'status')) {
      const row = rowOf(field, isListField(field) ? { wins: 'union' } : {})
      expect(row.field).toBe(field)
    }
  })
})

describe('[R62] a mapping that cannot work as a whole is refused', () => {
  test.each<[string, unknown, string]>([
    ['two rows of one column', { opportunity: { 'details.notes': { crm: 'Name' } } }, 'name writes column Name too'],
    ['a row on the column of the stage', { opportunity: { 'details.notes': { crm: 'statuscode' } } }, 'column statuscode holds the stage'],
    [
      'two stages of one status',
      { stages: { 'Closed/Lost': { statecode: 1, statuscode: 3 } } },
      'the same CRM values already mean Closed/Won',
    ],
    [
      'an open and a closed stage of one status',
      { stages: { 'New/*': { statecode: 0, statuscode: 1 } } },
      'the same CRM values already mean Active/Accepted',
    ],
  ])('%s', (_what, document, why) => {
    expect(refusal(() => mappingOf({ version: 1, ...(document as object) }))).toContain(why)
  })

  test('a stage that leads nowhere', () => {
    const { rows } = stages
    const holed: Profile = { ...profile, stages: { ...stages, rows: rows.filter(({ pattern }) => !pattern.startsWith('Active')) } }
    const document = parseMapping({ version: 1, stages: { 'New/*': { statecode: 0, statuscode: 2 } } })
    expect(refusal(() => effectiveMapping(holed, document))).toContain('Active/')
  })

  test('but one of two rows may only be read, and a stage may be said anew', () => {
    const rows = { 'details.notes': { crm: 'name', flow: 'to-partner' } }
    expect(() => mappingOf({ version: 1, opportunity: rows, stages: { 'New/*': { statecode: 0, statuscode: 7 } } })).not.toThrow()
  })
})
