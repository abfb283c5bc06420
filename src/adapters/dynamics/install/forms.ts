import { guidOf } from '../../guid.js'
import type { BlueprintColumn, BlueprintKind } from './blueprint.js'

/**
 * Adds one section to a form and touches nothing else: the text of the form is cut in one place only, so that what the customer made stays byte for byte.
 * Source: learn.microsoft.com "Form XML schema" (read 2023-10); class ids as exported forms carry them.
 */
export interface FormField {
  readonly column: string
  readonly label: string
  readonly kind: BlueprintKind | 'lookup'
  readonly readOnly: BlueprintColumn['readOnly']
}
export interface SubGrid {
  readonly label: string
  readonly table: string
  readonly relationship: string
  readonly viewId: string
}
export interface Section {
  readonly name: string
  readonly label: string
  readonly fields: readonly FormField[]
  readonly grid: SubGrid | null
}

const classIds: Readonly<Record<FormField['kind'] | 'grid', string>> = {
  text: '{4273EDBD-AC1D-40d3-9FB2-095C621B552D}',
  memo: '{E0DECE4B-6FC8-4a8f-A065-082708572369}',
  url: '{71716B6C-711E-476C-8AB8-5D11542BFB47}',
  choice: '{3EF39988-22BB-4f0b-BBBE-64B5A3748AEE}',
  yesno: '{67FAC785-CD58-4F9F-ABB3-4B7DDC6ED5ED}',
  lookup: '{270BD3DB-D9AF-4782-9025-509E298DEC0A}',
  datetime: '{5B773807-9FB2-42db-97C3-7A91EFF8ADFF}',
  dateonly: '{5B773807-9FB2-42db-97C3-7A91EFF8ADFF}',
  whole: '{C6D124CA-7EDA-4a60-AEA9-7FB8D318B68F}',
  decimal: '{C3EFE0C3-0EC6-42be-8349-CBD9079DFD8E}',
  grid: '{E7A81278-8635-4d9e-8D4D-59480B391C5B}',
}

export const escapeXml = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;')

export const columnsOnForm = (xml: string): ReadonlySet<string> =>
  new Set([...xml.matchAll(/\bdatafieldname\s*=\s*"([^"]+)"/gi)].map(([, name]) => (name ?? '').toLowerCase()))

const controlIds = (xml: string): Set<string> =>
  new Set([...xml.matchAll(/<control\b[^>]*?\bid\s*=\s*"([^"]+)"/gi)].map(([, id]) => (id ?? '').toLowerCase()))

/** The section of this name with everything in it. Sections hold no sections, so that the next end tag is its own. */
function findSection(xml: string, name: string): { readonly start: number; readonly end: number } | null {
  for (const match of xml.matchAll(/<section\b[^>]*>/gi)) {
    const attribute = /\bname\s*=\s*"([^"]*)"/i.exec(match[0])
    if (attribute?.[1] !== name) continue
    if (match[0].endsWith('/>')) return { start: match.index, end: match.index + match[0].length }
    const close = xml.toLowerCase().indexOf('</section>', match.index)
    return close === -1 ? null : { start: match.index, end: close + '</section>'.length }
  }
  return null
}

/** What of the section a form lacks: everything, some of its fields, or nothing. */
export function lacks(
  xml: string,
  section: Section,
): { readonly state: 'missing' | 'differs' | 'present'; readonly fields: readonly string[] } {
  const shown = columnsOnForm(xml)
  const missing = section.fields.filter(({ column }) => !shown.has(column)).map(({ label }) => label)
  const gridMissing = section.grid !== null && !new RegExp(`<RelationshipName>\\s*${section.grid.relationship}\\s*<`, 'i').test(xml)
  const fields = gridMissing && section.grid !== null ? [...missing, section.grid.label] : missing
  if (fields.length === 0) return { state: 'present', fields }
  return { state: findSection(xml, section.name) === null ? 'missing' : 'differs', fields }
}

/** The form with the section in it; null when the form has no place for one. */
export function withSection(xml: string, section: Section, place: { readonly formId: string; readonly language: number }): string | null {
  const old = findSection(xml, section.name)
  const rest = old === null ? xml : `${xml.slice(0, old.start)}${xml.slice(old.end)}`
  const text = sectionXml(section, { ...place, taken: controlIds(rest) })
  if (old !== null) return `${xml.slice(0, old.start)}${text}${xml.slice(old.end)}`
  const tabs = xml.search(/<tabs\b/i)
  if (tabs === -1) return null
  const sections = /<\/sections>|<sections\s*\/>/i.exec(xml.slice(tabs))
  if (sections === null) return null
  const at = tabs + sections.index
  return sections[0].startsWith('</')
    ? `${xml.slice(0, at)}${text}${xml.slice(at)}`
    : `${xml.slice(0, at)}<sections>${text}</sections>${xml.slice(at + sections[0].length)}`
}

/** The form without the section. */
export function withoutSection(xml: string, name: string): string {
  const old = findSection(xml, name)
  return old === null ? xml : `${xml.slice(0, old.start)}${xml.slice(old.end)}`
}

interface Place {
  readonly formId: string
  readonly language: number
  /** Control ids the form uses already, in lower case. */
  readonly taken: Set<string>
}

function sectionXml(section: Section, place: Place): string {
  const id = (part: string): string => `{${guidOf(`form:${place.formId}:${section.name}:${part}`)}}`
  const rows = section.fields.map((field) => fieldRow(field, place, id))
  const grid = section.grid === null ? [] : [gridRow(section.grid, place, id)]
  return (
    `<section name="${section.name}" id="${id('section')}" IsUserDefined="0" locklevel="0" showlabel="true" showbar="false" layout="varwidth" ` +
    `celllabelalignment="Left" celllabelposition="Left" columns="1" labelwidth="115" labelid="${id('label')}">` +
    `${labels(section.label, place.language)}<rows>${[...rows, ...grid].join('')}</rows></section>`
  )
}

const labels = (text: string, language: number): string =>
  `<labels><label description="${escapeXml(text)}" languagecode="${language}" /></labels>`

/** Ids of controls are unique within a form, also where a column is shown twice. */
function freeId(name: string, { taken }: Place): string {
  let id = name
  for (let count = 1; taken.has(id.toLowerCase()); count += 1) id = `${name}${count}`
  taken.add(id.toLowerCase())
  return id
}

function fieldRow(field: FormField, place: Place, id: (part: string) => string): string {
  const control = freeId(field.column, place)
  const tall = field.kind === 'memo' ? 4 : 1
  return (
    `<row><cell id="${id(`cell:${field.column}`)}" showlabel="true" locklevel="0" colspan="1" rowspan="${tall}" labelid="${id(`label:${field.column}`)}">` +
    `${labels(field.label, place.language)}<control id="${control}" classid="${classIds[field.kind]}" datafieldname="${field.column}" ` +
    `disabled="${String(field.readOnly === 'read-only')}" /></cell></row>${'<row />'.repeat(tall - 1)}`
  )
}

function gridRow(grid: SubGrid, place: Place, id: (part: string) => string): string {
  const control = freeId('cosell_solutions', place)
  const parameters = [
    ['ViewId', `{${grid.viewId}}`],
    ['IsUserView', 'false'],
    ['RelationshipName', grid.relationship],
    ['TargetEntityType', grid.table],
    ['AutoExpand', 'Fixed'],
    ['EnableQuickFind', 'false'],
    ['EnableViewPicker', 'false'],
    ['EnableJumpBar', 'false'],
    ['ChartGridMode', 'Grid'],
    ['IsUserChart', 'false'],
    ['EnableChartPicker', 'false'],
    ['RecordsPerPage', '10'],
  ]
  return (
    `<row><cell id="${id('cell:grid')}" showlabel="true" locklevel="0" colspan="1" rowspan="5" labelid="${id('label:grid')}">` +
    `${labels(grid.label, place.language)}<control id="${control}" classid="${classIds.grid}" indicationOfSubgrid="true"><parameters>` +
    `${parameters.map(([name, value]) => `<${name}>${value}</${name}>`).join('')}</parameters></control></cell></row>${'<row />'.repeat(4)}`
  )
}
