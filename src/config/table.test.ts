import { expect, test } from 'vitest'
import { configJsonSchema } from './json-schema.js'
import { SETTINGS } from './settings.js'
import { configurationPage } from './table.js'

test('[R42] docs/configuration.md is what the schema says; `npm run docs` writes it anew', async () => {
  await expect(configurationPage()).toMatchFileSnapshot('../../docs/configuration.md')
})

test('no two settings share a variable, also not with the _FILE of another', () => {
  const names = SETTINGS.flatMap((setting) => [setting.variable, `${setting.variable}_FILE`])
  expect(new Set(names).size).toBe(names.length)
})

test('the JSON Schema knows every setting, with its meaning', () => {
  const flat = JSON.stringify(configJsonSchema())
  for (const setting of SETTINGS) {
    expect(flat, setting.path).toContain(JSON.stringify(setting.meaning))
    expect(flat, setting.path).toContain(`"${setting.path.split('.').at(-1) ?? ''}":{`)
  }
  expect(configJsonSchema()).toMatchObject({ type: 'object', additionalProperties: false, anyOf: [{ required: ['partnerCenter', 'crm'] }, { required: ['tenants'] }] })
})
