import { XMLParser } from 'fast-xml-parser'
import { Fault, FAULTS, isFault } from '../../../core/fault.js'
import type { SalesforceApi } from '../api.js'
import { isRow, type Row } from '../row.js'
import { element } from '../soap.js'
import { SOLUTION } from './blueprint.js'

/** One page layout as it stands in the org. */
export interface Layout {
  readonly object: 'Opportunity' | 'Lead'
  /** As metadata names it, for example `Opportunity-Opportunity Layout`. */
  readonly fullName: string
  /** What stands within its definition, word for word: what we do not know of must survive. */
  readonly inner: string
}
const objects = ['Opportunity', 'Lead'] as const
const layoutsMost = 50
const perRead = 10 // The most that one call reads.
export const SECTION = 'Microsoft Partner Center'
const related = `${SOLUTION}.Cosell_Opportunity__c`

const shownToSellers = ['Sync_With_Partner_Center', 'Help_Required', 'Referral_Visibility', 'Closing_Reason', 'Notes_To_Microsoft']
const shownOnly = ['Sync_Indicator', 'Sync_Status', 'Sync_Problem', 'Referral_Link', 'Microsoft_CRM_Identifier', 'Last_Synced_At', 'Audit']

/** The layouts as a plan shows them; null where they cannot be read, for whatever reason: then a person is told to look after them. */
export async function layoutsToShow(api: SalesforceApi, signal: AbortSignal): Promise<readonly Layout[] | null> {
  try {
    return await readLayouts(api, signal)
  } catch (error) {
    if (isFault(error) && !FAULTS[error.kind].system) return null
    throw error
  }
}

/**
 * The layouts that a removal has to look at; null where the org refuses to tell them.
 * @throws Fault `offline` where the answer was lost: whoever took that for a refusal would leave our section behind.
 */
export async function layoutsToClear(api: SalesforceApi, signal: AbortSignal): Promise<readonly Layout[] | null> {
  try {
    return await readLayouts(api, signal)
  } catch (error) {
    if (!isFault(error) || FAULTS[error.kind].system) throw error
    if (error.kind !== 'ambiguous' && error.kind !== 'invalid-answer') return null
    throw new Fault('offline', 'Salesforce did not tell its page layouts, so that nobody knows whether our section stands on them.', {
      remedy: 'Run "cosell install remove" again; nothing was changed.',
      cause: error,
    })
  }
}

/** Source: Metadata API Developer Guide, "listMetadata()" and "readMetadata()". */
async function readLayouts(api: SalesforceApi, signal: AbortSignal): Promise<readonly Layout[]> {
  const version = (await api.version(signal)).replace(/^v/, '')
  const list = `<listMetadata><queries>${element('type', 'Layout')}</queries>${element('asOfVersion', version)}</listMetadata>`
  const names = fullNamesIn(await api.metadata(list, 'the list of page layouts', signal))
  const wanted = names.filter((name) => objects.some((object) => name.startsWith(`${object}-`))).slice(0, layoutsMost)
  const layouts: Layout[] = []
  for (let start = 0; start < wanted.length; start += perRead) {
    const asked = wanted.slice(start, start + perRead).map((name) => element('fullNames', name))
    const call = `<readMetadata>${element('type', 'Layout')}${asked.join('')}</readMetadata>`
    layouts.push(...layoutsIn(await api.metadata(call, 'the page layouts', signal)))
  }
  return layouts
}

const parser = new XMLParser({ removeNSPrefix: true, parseTagValue: false, ignoreAttributes: true, isArray: (name) => name === 'result' })
function fullNamesIn(text: string): readonly string[] {
  const parsed: unknown = parser.parse(text)
  const part = (row: unknown, name: string): Row => (isRow(row) && isRow(row[name]) ? row[name] : {})
  const results = part(part(part(parsed, 'Envelope'), 'Body'), 'listMetadataResponse')['result']
  return (Array.isArray(results) ? results : []).filter(isRow).flatMap(({ fullName }) => (typeof fullName === 'string' ? [fullName] : []))
}

/** Records word for word. Those that come with prefixed elements are left to a person. */
function layoutsIn(text: string): Layout[] {
  return [...text.matchAll(/<records(?:\s[^>]*)?>([\s\S]*?)<\/records>/g)].flatMap(([, inner = '']): Layout[] => {
    const fullName = /<fullName>([^<]*)<\/fullName>/.exec(inner)?.[1]
    const object = objects.find((name) => fullName?.startsWith(`${name}-`))
    if (fullName === undefined || object === undefined || !inner.includes('<layoutSections>')) return []
    return [{ object, fullName: unescaped(fullName), inner: inner.replace(/\s*<fullName>[^<]*<\/fullName>/, '') }]
  })
}
const unescaped = (text: string): string =>
  text.replaceAll('&lt;', '<').replaceAll('&gt;', '>').replaceAll('&quot;', '"').replaceAll('&apos;', "'").replaceAll('&amp;', '&')

export const hasSection = ({ inner, object }: Layout, lists: boolean): boolean =>
  inner.includes(`<label>${SECTION}</label>`) && (object === 'Lead' || !lists || inner.includes(`<relatedList>${related}</relatedList>`))

/** The layout with our section behind its own ones, and on opportunities with the list of solutions where the object is ours (`lists`). Everything else stands as it was. */
export function withSection(layout: Layout, here: ReadonlySet<string>, lists: boolean): Layout {
  const bare = withoutSection(layout)
  const sections = placed(bare.inner, section(here), '</layoutSections>')
  const inner = layout.object === 'Lead' || !lists ? sections : withRelated(sections)
  return { ...layout, inner }
}
export function withoutSection(layout: Layout): Layout {
  const without = (text: string, element: string, mark: string): string =>
    text.replace(new RegExp(`\\s*<${element}>(?:(?!</${element}>)[\\s\\S])*?</${element}>`, 'g'), (part) => (part.includes(mark) ? '' : part))
  const sections = without(layout.inner, 'layoutSections', `<label>${SECTION}</label>`)
  return { ...layout, inner: without(sections, 'relatedLists', `<relatedList>${related}</relatedList>`) }
}

/** Behind the last of its kind. */
function placed(text: string, part: string, behind: string): string {
  const at = text.lastIndexOf(behind) + behind.length
  return `${text.slice(0, at)}${part}${text.slice(at)}`
}
// Members of a layout stand in the order of the alphabet: a first related list goes before everything that follows it there.
const behindLists = /<(?:relatedObjects|runAssignmentRulesDefault|show[A-Z]\w*|summaryLayout)>/
function withRelated(text: string): string {
  const list = `<relatedLists><fields>NAME</fields><fields>Cosell_Solution_Identifier__c</fields>${element('relatedList', related)}</relatedLists>`
  if (text.includes('</relatedLists>')) return placed(text, list, '</relatedLists>')
  const next = behindLists.exec(text)
  return next === null ? `${text}${list}` : `${text.slice(0, next.index)}${list}${text.slice(next.index)}`
}

/** Two columns: what sellers edit, and what they read. Fields that the org has under other names are the administrator's to place. */
function section(here: ReadonlySet<string>): string {
  const column = (names: readonly string[], behavior: 'Edit' | 'Readonly'): string => {
    const items = names.map((name) => `Cosell_${name}__c`).filter((name) => here.has(name))
    return `<layoutColumns>${items.map((name) => `<layoutItems>${element('behavior', behavior)}${element('field', name)}</layoutItems>`).join('')}</layoutColumns>`
  }
  const columns = `${column(shownToSellers, 'Edit')}${column(shownOnly, 'Readonly')}`
  const head = `${element('customLabel', 'true')}${element('detailHeading', 'true')}${element('editHeading', 'true')}${element('label', SECTION)}`
  return `<layoutSections>${head}${columns}${element('style', 'TwoColumnsTopToBottom')}</layoutSections>`
}
