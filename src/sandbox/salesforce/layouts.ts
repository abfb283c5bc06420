import { refuse } from './errors.js'
import type { Org } from './org.js'

/** Replaces a layout as a whole. Source: Metadata API Developer Guide, Layout. */
export function takeLayout(org: Org, fullName: string, inner: string): void {
  const object = org.objects.get(fullName.split('-')[0] ?? '')
  if (object === undefined) throw refuse('INVALID', `In field: layout - no CustomObject named ${fullName} found`)
  for (const [, field = ''] of inner.matchAll(/<layoutItems>[\s\S]*?<field>([^<]*)<\/field>[\s\S]*?<\/layoutItems>/g))
    if (!object.fields.has(field)) throw refuse('INVALID', `In field: field - no CustomField named ${object.name}.${field} found`)
  for (const [, part = ''] of inner.matchAll(/<layoutSections>([\s\S]*?)<\/layoutSections>/g))
    if (!part.includes('<style>')) throw refuse('INVALID', 'Required field is missing: style')
  for (const [, list = ''] of inner.matchAll(/<relatedList>([^<]*)<\/relatedList>/g)) {
    const [child = '', field = ''] = list.split('.')
    if (list.includes('.') && org.objects.get(child)?.fields.has(field) !== true) throw refuse('INVALID', `Cannot find related list: ${list}`)
  }
  const order = [...inner.replace(/<(\w+)>[\s\S]*?<\/\1>/g, '<$1>').matchAll(/<(\w+)>/g)].map(([, name = '']) => name)
  const wrong = order.find((name, index) => index > 0 && name < (order[index - 1] ?? ''))
  if (wrong !== undefined) throw refuse('INVALID', `Element ${wrong} is not allowed here: members stand in the order of the schema`)
  const before = org.layouts.get(fullName)
  org.undo.at(-1)?.push(() => void (before === undefined ? org.layouts.delete(fullName) : org.layouts.set(fullName, before)))
  org.layouts.set(fullName, inner)
}
