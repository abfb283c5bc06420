import { XMLParser, XMLValidator } from 'fast-xml-parser'
import { coded } from './errors.js'
import type { Table } from './metadata-model.js'

/**
 * The parts of the FormXml schema a careless change breaks: nesting, identifiers, unique controls, known columns.
 * Source: learn.microsoft.com "Form XML schema" (read 2023-10).
 */
type Node = Record<string, unknown>

const parser = new XMLParser({ preserveOrder: true, ignoreAttributes: false, attributeNamePrefix: '' })

/** Which elements may stand under which; elements not named here are not looked into. */
const children: Readonly<Record<string, readonly string[]>> = {
  form: [
    'ancestor',
    'hiddencontrols',
    'tabs',
    'header',
    'footer',
    'events',
    'clientresources',
    'formLibraries',
    'Navigation',
    'externaldependencies',
    'formparameters',
    'controlDescriptions',
    'DisplayConditions',
    'RibbonDiffXml',
  ],
  tabs: ['tab'],
  tab: ['labels', 'columns', 'events', 'tabheader'],
  columns: ['column'],
  column: ['sections'],
  sections: ['section'],
  section: ['labels', 'rows', 'events'],
  rows: ['row'],
  row: ['cell'],
  cell: ['labels', 'control', 'events'],
  labels: ['label'],
}

/** Elements that cannot do without these attributes. */
const attributes: Readonly<Record<string, readonly string[]>> = {
  tab: ['id'],
  column: ['width'],
  section: ['id'],
  cell: ['id'],
  control: ['id', 'classid'],
  label: ['description', 'languagecode'],
}

const invalid = (why: string): Error => coded(400, '0x8004E11D', `The form XML is not valid against the schema: ${why}`)

export function checkForm(table: Table | undefined, xml: string): void {
  const wellFormed = XMLValidator.validate(xml)
  if (wellFormed !== true) throw invalid(wellFormed.err.msg)
  const roots = parser.parse(xml) as Node[] // preserveOrder gives a list of nodes
  const root = roots.find((node) => 'form' in node)
  if (root === undefined) throw invalid("the root element must be 'form'.")
  const seen = new Set<string>()
  walk(root, 'form', { table, seen })
}

interface Walk {
  readonly table: Table | undefined
  readonly seen: Set<string>
}

function walk(node: Node, name: string, state: Walk): void {
  const held = (node[':@'] ?? {}) as Record<string, string> // attributes, as the parser groups them
  for (const wanted of attributes[name] ?? []) {
    if (held[wanted] === undefined) throw invalid(`the required attribute '${wanted}' is missing on '${name}'.`)
  }
  if (name === 'control') checkControl(held, state)
  const allowed = children[name]
  if (allowed === undefined) return
  // The parser keeps the children of an element as a list of nodes under its name.
  for (const child of (node[name] ?? []) as Node[]) {
    // An element is a list under its name; texts and comments start with a hash.
    const childName = Object.keys(child).find((key) => key !== ':@' && !key.startsWith('#') && !key.startsWith('?'))
    if (childName === undefined) continue
    if (!allowed.includes(childName))
      throw invalid(
        `The element '${name}' has invalid child element '${childName}'. List of possible elements expected: '${allowed.join(', ')}'.`,
      )
    walk(child, childName, state)
  }
}

function checkControl(held: Readonly<Record<string, string>>, { table, seen }: Walk): void {
  const id = held['id'] ?? ''
  if (seen.has(id.toLowerCase())) throw invalid(`the control id '${id}' is used more than once.`)
  seen.add(id.toLowerCase())
  const column = held['datafieldname']
  if (column !== undefined && table !== undefined && !table.columns.has(column)) {
    throw invalid(`the control '${id}' refers to the column '${column}', which ${table.name} does not have.`)
  }
}
