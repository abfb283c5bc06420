import { XMLParser } from 'fast-xml-parser'
import { isRecord } from './call.js'
import { makeField } from './deploy.js'
import { destroy } from './destructive.js'
import { refuse, SalesforceError } from './errors.js'
import { atomically, type Org } from './org.js'

type Xml = Readonly<Record<string, unknown>>
const parser = new XMLParser({
  removeNSPrefix: true,
  parseTagValue: false,
  ignoreAttributes: false,
  attributeNamePrefix: '@',
  isArray: (name) => name === 'metadata' || name === 'fullNames' || name === 'value',
})
const perCall = 10
const escaped = (text: string): string => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
const tag = (name: string, value: string | boolean): string => `<${name}>${escaped(String(value))}</${name}>`
const textOf = (value: unknown): string => (typeof value === 'string' ? value : isRecord(value) && typeof value['#text'] === 'string' ? value['#text'] : '')

/**
 * Components one by one: custom fields made, changed, deleted. Each for itself: what one is refused for harms no other.
 * Source: Metadata API Developer Guide, "createMetadata()", "upsertMetadata()", "deleteMetadata()".
 * @returns what stands within the answer; null where the message asks for something else.
 */
export function changedByMetadata(org: Org, message: string): string | null {
  const envelope: unknown = (parser.parse(message) as Xml)['Envelope'] // the parser gives a record
  const body = isRecord(envelope) ? envelope['Body'] : undefined
  if (!isRecord(body)) return null
  for (const call of ['createMetadata', 'upsertMetadata', 'updateMetadata'] as const) {
    const asked = body[call]
    if (isRecord(asked)) return answered(call, listOf(asked['metadata']).map((item) => resultOf(fullNameOf(item), () => taken(org, call, item))))
  }
  const doomed = body['deleteMetadata']
  if (!isRecord(doomed)) return null
  const type = textOf(doomed['type'])
  const names = Array.isArray(doomed['fullNames']) ? doomed['fullNames'].map(textOf) : []
  return answered('deleteMetadata', names.map((name) => resultOf(name, () => deleted(org, type, name))))
}

const listOf = (value: unknown): readonly Xml[] => (Array.isArray(value) ? value.filter(isRecord) : [])
const fullNameOf = (item: Xml): string => textOf(item['fullName'])

function taken(org: Org, call: string, item: Xml): boolean {
  const { '@type': kind, ...definition } = Object.fromEntries(Object.entries(item).map(([name, value]) => [name.replace(/^@.*:/, '@'), value]))
  if (textOf(kind).replace(/^.*:/, '') !== 'CustomField') throw refuse('INVALID_TYPE', 'Only custom fields are simulated')
  const [object = '', name = ''] = fullNameOf(item).split('.')
  const isThere = org.objects.get(object)?.fields.has(name) === true
  if (call === 'createMetadata' && isThere)
    throw refuse('DUPLICATE_DEVELOPER_NAME', `There is already a field named ${name} on ${object}.`)
  if (call === 'updateMetadata' && !isThere) throw refuse('INVALID_CROSS_REFERENCE_KEY', `no CustomField named ${object}.${name} found`)
  makeField(org, object, { ...definition, fullName: name })
  return !isThere
}

function deleted(org: Org, type: string, name: string): boolean {
  const [object = '', field = ''] = name.split('.')
  if (type === 'CustomField' && org.objects.get(object)?.fields.has(field) !== true)
    throw refuse('INVALID_CROSS_REFERENCE_KEY', `no CustomField named ${name} found`)
  atomically(org, () => destroy(org, type, name, new Set()))
  return false
}

/** `created` says whether a component is new. */
function resultOf(name: string, work: () => boolean): string {
  try {
    return `<result>${tag('created', work())}${tag('fullName', name)}${tag('success', true)}</result>`
  } catch (error) {
    if (!(error instanceof SalesforceError)) throw error
    const why = `<errors>${tag('message', error.message)}${tag('statusCode', error.code)}</errors>`
    return `<result>${tag('created', false)}${why}${tag('fullName', name)}${tag('success', false)}</result>`
  }
}
const answered = (call: string, results: readonly string[]): string => {
  const tooMany = `<result><errors>${tag('message', 'more than ten components')}${tag('statusCode', 'LIMIT_EXCEEDED')}</errors><success>false</success></result>`
  return `<${call}Response>${results.length > perCall ? tooMany : results.join('')}</${call}Response>`
}
