import { XMLParser, XMLValidator } from 'fast-xml-parser'
import { coded } from './errors.js'

/** XML of a solution file as elements in their order, with what a strict reader asks of them. */
export interface XmlElement {
  readonly name: string
  readonly attributes: Readonly<Record<string, string>>
  readonly children: readonly XmlElement[]
  readonly text: string
}

export const importError = (why: string): Error => coded(400, '0x80048033', `The solution file could not be imported: ${why}`)

const parser = new XMLParser({
  preserveOrder: true,
  ignoreAttributes: false,
  attributeNamePrefix: '',
  parseTagValue: false,
  parseAttributeValue: false,
  trimValues: false,
})

type Raw = Readonly<Record<string, unknown>>

function elementOf(raw: Raw): XmlElement | null {
  const name = Object.keys(raw).find((key) => key !== ':@' && !key.startsWith('#') && !key.startsWith('?'))
  if (name === undefined) return null
  const content = raw[name] as readonly Raw[] // the parser keeps children as a list
  const texts = content.flatMap((child) => ('#text' in child ? [String(child['#text'])] : []))
  return {
    name,
    attributes: (raw[':@'] ?? {}) as Readonly<Record<string, string>>, // the parser groups attributes there
    children: content.flatMap((child) => elementOf(child) ?? []),
    text: texts.join('').trim(),
  }
}

export function readXml(file: string, text: string, root: string): XmlElement {
  const valid = XMLValidator.validate(text)
  if (valid !== true) throw importError(`${file} is not well-formed: ${valid.err.msg}`)
  const roots = (parser.parse(text) as readonly Raw[]).flatMap((raw) => elementOf(raw) ?? []) // preserveOrder gives a list
  const [found] = roots
  if (found?.name !== root) throw importError(`the root element of ${file} is '${found?.name ?? ''}' instead of '${root}'.`)
  return found
}

export const child = (element: XmlElement, name: string): XmlElement | undefined => element.children.find((one) => one.name === name)
export const children = (element: XmlElement | undefined, name: string): readonly XmlElement[] =>
  element?.children.filter((one) => one.name === name) ?? []
export const textAt = (element: XmlElement, name: string): string => child(element, name)?.text ?? ''

export function required(element: XmlElement, name: string, where: string): XmlElement {
  const found = child(element, name)
  if (found === undefined) throw importError(`'${where}' lacks the element '${name}'.`)
  return found
}

/** Children must stand in the order of the schema; any of them may be missing. */
export function inOrder(element: XmlElement, order: readonly string[], where: string): void {
  let last = -1
  for (const { name } of element.children) {
    const at = order.indexOf(name)
    if (at === -1) throw importError(`'${where}' has the unknown element '${name}'.`)
    if (at < last) throw importError(`'${name}' stands in the wrong place of '${where}'.`)
    last = at
  }
}

/** The label of an element in the language of the package. */
export const labelAt = (element: XmlElement, group: string): string => child(element, group)?.children[0]?.attributes['description'] ?? ''

/** An element as text again: layouts, queries and forms are kept as text in the environment. */
export function asText({ name, attributes, children: inner, text }: XmlElement): string {
  const escape = (value: string): string => value.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;')
  const shown = Object.entries(attributes).map(([key, value]) => ` ${key}="${escape(value)}"`)
  const body = `${escape(text)}${inner.map(asText).join('')}`
  return body === '' ? `<${name}${shown.join('')} />` : `<${name}${shown.join('')}>${body}</${name}>`
}
