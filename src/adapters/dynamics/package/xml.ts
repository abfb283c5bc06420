import { XMLBuilder } from 'fast-xml-parser'

/** One element in the order the builder keeps it. */
export type Element = Readonly<Record<string, unknown>>
type Attributes = Readonly<Record<string, string | number>>

/** An element with children in order. */
export const el = (name: string, attributes: Attributes, ...children: readonly (Element | readonly Element[])[]): Element => ({
  [name]: children.flat(),
  ...(Object.keys(attributes).length === 0 ? {} : { ':@': attributes }),
})
/** An element that holds a text. */
export const text = (name: string, value: string | number, attributes: Attributes = {}): Element => ({
  [name]: [{ '#text': String(value) }],
  ...(Object.keys(attributes).length === 0 ? {} : { ':@': attributes }),
})
/** Several elements that hold a text, in the order they are written here. */
export const texts = (values: Readonly<Record<string, string | number>>): readonly Element[] =>
  Object.entries(values).map(([name, value]) => text(name, value))

const builder = new XMLBuilder({ preserveOrder: true, ignoreAttributes: false, attributeNamePrefix: '', suppressEmptyNode: true })

export const xmlOf = (root: Element): string => String(builder.build([root]))

/** A text in a language, as labels and descriptions are written. */
export const localized = (group: string, item: string, value: string): Element =>
  el(group, {}, el(item, { description: value, languagecode: LANGUAGE }))

/** Packages are written in English; an environment of another base language takes the texts as they are. */
export const LANGUAGE = 1033
