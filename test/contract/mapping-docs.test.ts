import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { DYNAMICS_PROFILE } from '../../src/adapters/dynamics/profile.js'
import { SALESFORCE_PROFILE } from '../../src/adapters/salesforce/profile.js'
import { CONVERSIONS } from '../../src/core/conversion-functions.js'
import { FIELD_NAMES } from '../../src/core/deal.js'
import { effectiveMapping } from '../../src/core/mapping.js'
import { parseMapping } from '../../src/core/mapping-document.js'

const text = readFileSync(new URL('../../docs/mapping.md', import.meta.url), 'utf8')
const examples = [...text.matchAll(/```yaml\n([\s\S]*?)```/g)].map((found) => found[1] ?? '').filter((yaml) => !yaml.includes('cosell.yaml'))

describe('docs/mapping.md', () => {
  it.each(examples.map((yaml) => [yaml.split('\n').slice(0, 3).join(' ').slice(0, 90), yaml] as const))('has an example that works: %s', (_start, yaml) => {
    const document = parseMapping({ version: 1, ...(parse(yaml) as object) })
    const profile = /StageName|__c/.test(yaml) ? SALESFORCE_PROFILE : DYNAMICS_PROFILE
    expect(() => effectiveMapping(profile, document)).not.toThrow()
  })

  it('names every conversion', () => {
    expect(Object.keys(CONVERSIONS).filter((name) => !text.includes(`\`${name}(`))).toEqual([])
  })

  it('names every built-in field of either CRM, by itself or by its last word', () => {
    const built = FIELD_NAMES.filter((field) => field in DYNAMICS_PROFILE.opportunity || field in SALESFORCE_PROFILE.opportunity)
    const named = (field: string): boolean =>
      text.includes(`\`${field}\``) || text.includes(`\`.${field.split('.').at(-1) ?? ''}\``) || field.startsWith('customerProfile.address.')
    expect(built.filter((field) => !named(field))).toEqual([])
  })
})
