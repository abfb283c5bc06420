import { escapeXml } from './forms.js'
import { ICON_FUNCTION, ICON_SCRIPT } from './resources.js'

/**
 * Views: `layoutxml` says which columns are shown, `fetchxml` which are read; a column shown must be read.
 * Source: learn.microsoft.com "Display custom icons alongside values in list views" (read 2023-10).
 */
export interface ViewTable {
  readonly name: string
  readonly primaryId: string
  readonly primaryName: string | null
  readonly objectCode: number | null
}
export interface ViewText {
  readonly layoutXml: string
  readonly fetchXml: string
}

/** A view as one text, to keep and to compare. */
export const textOfView = ({ layoutXml, fetchXml }: ViewText): string => JSON.stringify([layoutXml, fetchXml])
export const viewOfText = (text: string): ViewText => {
  const [layoutXml = '', fetchXml = ''] = JSON.parse(text) as string[] // only textOfView writes it
  return { layoutXml, fetchXml }
}

const attribute = (name: string): string => `<attribute name="${name}" />`
const iconCell = (column: string): string =>
  `<cell name="${column}" width="60" imageproviderwebresource="$webresource:${escapeXml(ICON_SCRIPT)}" imageproviderfunctionname="${ICON_FUNCTION}" />`

export interface ViewWish {
  readonly table: ViewTable
  readonly columns: readonly { readonly name: string; readonly width: number }[]
  /** The column that shows the status icon; null for none. */
  readonly icon: string | null
  /** Only rows whose yes/no column holds yes. */
  readonly onlyWhere: string | null
}

export function viewText({ table, columns, icon, onlyWhere }: ViewWish): ViewText {
  const cells = columns.map(({ name, width }) => (name === icon ? iconCell(name) : `<cell name="${name}" width="${width}" />`))
  const object = table.objectCode === null ? '' : ` object="${table.objectCode}"`
  const filter = onlyWhere === null ? '' : `<filter type="and"><condition attribute="${onlyWhere}" operator="eq" value="1" /></filter>`
  const order = table.primaryName === null ? '' : `<order attribute="${table.primaryName}" descending="false" />`
  return {
    layoutXml:
      `<grid name="resultset" jump="${table.primaryName ?? table.primaryId}" select="1" icon="1" preview="1"${object}>` +
      `<row name="result" id="${table.primaryId}">${cells.join('')}</row></grid>`,
    fetchXml:
      `<fetch version="1.0" output-format="xml-platform" mapping="logical"><entity name="${table.name}">` +
      `${[...columns.map(({ name }) => name), table.primaryId].map(attribute).join('')}${order}${filter}</entity></fetch>`,
  }
}

const reads = (fetchXml: string, column: string): boolean =>
  new RegExp(`<attribute\\b[^>]*\\bname\\s*=\\s*["']${column}["']`, 'i').test(fetchXml)

export const showsIcon = (layoutXml: string, column: string): boolean =>
  new RegExp(`<cell\\b[^>]*\\bname\\s*=\\s*["']${column}["'][^>]*\\bimageproviderfunctionname\\s*=`, 'i').test(layoutXml)

/** The view with the icon after its first column, and the time the hover text needs beside it; null when it has no row of cells. */
export function withIcon(view: ViewText, wish: { readonly status: string; readonly time: string }): ViewText | null {
  const old = new RegExp(`<cell\\b[^>]*\\bname\\s*=\\s*["']${wish.status}["'][^>]*?/>`, 'i')
  const cleared = view.layoutXml.replace(old, '')
  const first = /<cell\b[^>]*?(?:\/>|>\s*<\/cell>)/i.exec(cleared)
  const entity = /<entity\b[^>]*>/i.exec(view.fetchXml)
  if (first === null || entity === null) return null
  const hidden = new RegExp(`<cell\\b[^>]*\\bname\\s*=\\s*["']${wish.time}["']`, 'i').test(cleared)
    ? ''
    : `<cell name="${wish.time}" ishidden="1" width="100" />`
  const at = first.index + first[0].length
  const start = entity.index + entity[0].length
  const added = [wish.status, wish.time].filter((column) => !reads(view.fetchXml, column)).map(attribute)
  return {
    layoutXml: `${cleared.slice(0, at)}${iconCell(wish.status)}${hidden}${cleared.slice(at)}`,
    fetchXml: `${view.fetchXml.slice(0, start)}${added.join('')}${view.fetchXml.slice(start)}`,
  }
}

const cellOf = (pattern: string): RegExp => new RegExp(`<cell\\b[^>]*\\b${pattern}[^>]*?(?:/>|>\\s*</cell>)`, 'i')
const readOf = (column: string): RegExp => new RegExp(`<attribute\\s+name\\s*=\\s*["']${column}["']\\s*(?:/>|>\\s*</attribute>)`, 'i')

/** The view as it was before the icon; also without the two columns that it was given to read, where nothing else of it uses them. */
export function withoutIcon(view: ViewText, wish: { readonly status: string; readonly time: string }): ViewText {
  const cleared = view.layoutXml.replace(cellOf(`imageproviderfunctionname\\s*=\\s*["']${ICON_FUNCTION}["']`), '')
  if (cleared === view.layoutXml) return view
  const layoutXml = cleared.replace(new RegExp(`<cell\\s+name="${wish.time}" ishidden="1" width="100"\\s*/>`, 'i'), '')
  const isUsed = (column: string): boolean =>
    new RegExp(`["']${column}["']`, 'i').test(`${layoutXml}${view.fetchXml.replace(readOf(column), '')}`)
  const unused = [wish.status, wish.time].filter((column) => !isUsed(column))
  return { layoutXml, fetchXml: unused.reduce((text, column) => text.replace(readOf(column), ''), view.fetchXml) }
}
