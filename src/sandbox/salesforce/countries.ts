import type { FieldDef } from './model.js'

type List = (name: string, values: FieldDef['values'], extra?: Partial<FieldDef>) => FieldDef

interface Country {
  readonly code: string
  readonly name: string
  /** Code and name of each. */
  readonly states: readonly (readonly [string, string])[]
}
/** The lists an administrator has chosen; a country without states has none. Source: Salesforce help, "State and country/territory picklists". */
export const COUNTRIES: readonly Country[] = [
  { code: 'US', name: 'United States', states: [['WA', 'Washington'], ['NY', 'New York']] },
  { code: 'DE', name: 'Germany', states: [] },
  { code: 'CH', name: 'Switzerland', states: [['BE', 'Bern']] },
  { code: 'CA', name: 'Canada', states: [['ON', 'Ontario']] },
]
const option = (value: string, label: string): FieldDef['values'][number] => ({ value, label, isDefault: false })

/** With the lists switched on an address has its codes in fields of their own. */
export const countryFields = (prefix: string, list: List): FieldDef[] => [
  list(`${prefix}CountryCode`, COUNTRIES.map(({ code, name }) => option(code, name)), { length: 10, restricted: true }),
  list(`${prefix}StateCode`, COUNTRIES.flatMap(({ states }) => states.map(([code, name]) => option(code, name))), { length: 10, restricted: true }),
]

/** What of an address is in no list: the name of the field, or null. Names and codes follow each other. */
export function misplaced(values: Record<string, unknown>, given: Readonly<Record<string, unknown>>, prefix: string): string | null {
  const text = (name: string): string | null => (typeof values[name] === 'string' && values[name] !== '' ? values[name] : null)
  const countryName = `${prefix}Country`
  const countryCode = `${prefix}CountryCode`
  const stateName = `${prefix}State`
  const stateCode = `${prefix}StateCode`
  const wanted = countryCode in given ? text(countryCode) : text(countryName)
  const country = COUNTRIES.find(({ code, name }) => wanted !== null && [code, name].includes(wanted)) ?? null
  if (wanted !== null && country === null) return countryName
  values[countryName] = country?.name ?? null
  values[countryCode] = country?.code ?? null
  const state = stateCode in given ? text(stateCode) : text(stateName)
  const known = country?.states.find(([code, name]) => state !== null && [code, name].includes(state)) ?? null
  if (state !== null && known === null) return stateName
  values[stateName] = known?.[1] ?? null
  values[stateCode] = known?.[0] ?? null
  return null
}
