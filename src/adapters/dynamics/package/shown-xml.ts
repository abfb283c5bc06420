import { XMLParser } from 'fast-xml-parser'
import { guidOf } from '../../guid.js'
import { logicalName, SECTION, type BlueprintTable } from '../install/blueprint.js'
import { withSection, type FormField } from '../install/forms.js'
import { viewText, type ViewWish } from '../install/views.js'
import { el, LANGUAGE, localized, text, texts, type Element } from './xml.js'

/** A lookup column and the relationship it comes with. */
export interface LookupNode {
  readonly schemaName: string
  readonly label: string
  readonly relationship: string
  readonly to: string
}

/** Forms, views and ribbons of a package. */
export interface ViewNode {
  readonly id: string
  readonly label: string
  readonly isDefault: 0 | 1
  readonly wish: ViewWish
}

const parser = new XMLParser({ preserveOrder: true, ignoreAttributes: false, attributeNamePrefix: '' })
/** Our own XML as elements of a larger document. */
const embedded = (xml: string): readonly Element[] => parser.parse(xml) as Element[] // preserveOrder gives a list of elements

export function viewsXml(views: readonly ViewNode[]): Element {
  const queries = views.map(({ id, label, isDefault, wish }) => {
    const { layoutXml, fetchXml } = viewText(wish)
    return el('savedquery', {}, [
      ...texts({ IsCustomizable: 1, CanBeDeleted: 1, isquickfindquery: 0, isprivate: 0, isdefault: isDefault, savedqueryid: `{${id}}` }),
      el('layoutxml', {}, embedded(layoutXml)),
      text('querytype', 0),
      el('fetchxml', {}, embedded(fetchXml)),
      text('IntroducedVersion', '1.0.0.0'),
      localized('LocalizedNames', 'LocalizedName', label),
    ])
  })
  return el('SavedQueries', {}, el('savedqueries', {}, queries))
}

/** The main form of a table of ours: its name and the same section the installer would add. */
export function formXml(table: BlueprintTable, lookup: LookupNode | null): Element {
  const name = logicalName(table.schemaName)
  const formId = guidOf(`form:${name}`)
  const id = (part: string): string => `{${guidOf(`form:${name}:${part}`)}}`
  const primary = logicalName(table.primary.schemaName)
  const frame =
    `<form><tabs><tab name="general" id="${id('tab')}" IsUserDefined="0" locklevel="0" showlabel="true" expanded="true">` +
    `<labels><label description="General" languagecode="${LANGUAGE}" /></labels><columns><column width="100%"><sections>` +
    `<section name="information" id="${id('information')}" showlabel="false" showbar="false" columns="1">` +
    `<labels><label description="Information" languagecode="${LANGUAGE}" /></labels><rows><row><cell id="${id('cell')}">` +
    `<labels><label description="${table.primary.label}" languagecode="${LANGUAGE}" /></labels>` +
    `<control id="${primary}" classid="{4273EDBD-AC1D-40d3-9FB2-095C621B552D}" datafieldname="${primary}" /></cell></row></rows>` +
    `</section></sections></column></columns></tab></tabs></form>`
  const fields = [
    ...table.columns.map((column): FormField => ({
      column: logicalName(column.schemaName),
      label: column.label,
      kind: column.kind,
      readOnly: column.readOnly,
    })),
    ...(lookup === null
      ? []
      : [{ column: logicalName(lookup.schemaName), label: lookup.label, kind: 'lookup', readOnly: 'editable' } as const]),
  ]
  const section = { name: SECTION.name, label: table.label, fields, grid: null }
  const form = withSection(frame, section, { formId, language: LANGUAGE }) ?? frame
  return el(
    'FormXml',
    {},
    el(
      'forms',
      { type: 'main' },
      el('systemform', {}, [
        ...texts({ formid: `{${formId}}`, IntroducedVersion: '1.0.0.0', FormPresentation: 1, FormActivationState: 1 }),
        ...embedded(form),
        ...texts({ IsCustomizable: 1, CanBeDeleted: 1 }),
        localized('LocalizedNames', 'LocalizedName', table.label),
        localized('Descriptions', 'Description', table.description),
      ]),
    ),
  )
}

export const ribbonXml = (): Element =>
  el('RibbonDiffXml', {}, [
    el('CustomActions', {}),
    el('Templates', {}, el('RibbonTemplates', { Id: 'Mscrm.Templates' })),
    el('CommandDefinitions', {}),
    el('RuleDefinitions', {}, [el('TabDisplayRules', {}), el('DisplayRules', {}), el('EnableRules', {})]),
    el('LocLabels', {}),
  ])
