import type { InstallItem } from '../../../core/ports.js'
import { fieldIn, type Schema } from '../schema.js'
import { FIELDS, SOLUTION, SYNC_SET } from './blueprint.js'
import { hasSection, SECTION, type Layout } from './layouts.js'
import type { Survey } from './survey.js'
import { viewKey, VIEWS, type ListView } from './views.js'

export const viewId = (view: ListView): string => `list-view:${viewKey(view)}`
export const layoutId = ({ fullName }: Pick<Layout, 'fullName'>): string => `layout:${fullName}`

/** Our own fields of an object that are there under our own names. */
export const ownFields = (schema: Schema, object: 'Opportunity' | 'Lead'): ReadonlySet<string> =>
  new Set([...(schema.objects[object]?.keys() ?? [])].filter((name) => name.startsWith('Cosell_')))

const needed = ['Cosell_Sync_With_Partner_Center__c', 'Cosell_Sync_Status__c', 'Cosell_Sync_Indicator__c', 'Cosell_Last_Synced_At__c']
/** Lists that can be made: on objects we see, where the fields they show are ours or will be. Where a package's own fields serve, its lists do too. */
function viewsFitting({ schema, missing }: Survey): readonly ListView[] {
  return VIEWS.filter(({ object }) => {
    if (schema.objects[object] === null) return false
    const made = new Set(missing.filter((field) => field.object === object).map(({ name }) => name))
    return needed.every((name) => made.has(name) || fieldIn(schema, object, name)?.name === name)
  })
}
export const viewsMissing = (survey: Survey): readonly ListView[] => {
  const { views } = survey
  return views === null ? [] : viewsFitting(survey).filter((view) => !views.has(viewKey(view)))
}

/** What is there, what is missing and what would be done, item by item. `refusals`: why the org did not take one, by its id. */
export function itemsOf(survey: Survey, refusals: ReadonlyMap<string, string>): InstallItem[] {
  const { setId, assigned } = survey
  return [
    ...fieldItems(survey),
    simple('permission-set:Cosell_Sync', `Permission sets ${SYNC_SET.label} and Seller`, setId === null ? 'make both permission sets' : null),
    simple('assignment:Cosell_Sync', "The connector's user has its permission set", assigned === false ? 'assign it' : null),
    ...viewItems(survey, refusals),
    ...layoutItems(survey, refusals),
  ]
}

const simple = (id: string, what: string, change: string | null): InstallItem => ({
  id,
  what,
  state: change === null ? 'present' : 'missing',
  change,
  touches: 'new',
  note: null,
})

function fieldItems({ schema, missing }: Survey): InstallItem[] {
  const gone = new Set(missing.map(({ object, name }) => `${object}.${name}`))
  return FIELDS.filter((field) => field.object !== 'Lead' || schema.objects.Lead !== null).map((field): InstallItem => {
    const here = field.object === SOLUTION ? (schema.solutions?.name ?? null) : (fieldIn(schema, field.object, field.name)?.name ?? null)
    const foreign = here !== null && here !== field.name && here !== SOLUTION
    const change = gone.has(`${field.object}.${field.name}`) ? `make ${field.object}.${field.name} (${String(field.definition['type'])})` : null
    return {
      ...simple(`field:${field.object}.${field.name}`, `${field.label} on ${field.object}`, change),
      note: foreign ? `${here} is used.` : null,
    }
  })
}

function viewItems(survey: Survey, refusals: ReadonlyMap<string, string>): InstallItem[] {
  if (survey.views === null) return []
  const missing = new Set(viewsMissing(survey))
  return viewsFitting(survey).map((view): InstallItem => {
    const id = viewId(view)
    return { ...simple(id, `List view "${view.label}" of ${view.object}`, missing.has(view) ? 'make it' : null), note: refusals.get(id) ?? null }
  })
}

const byHand =
  'Put the fields, and on opportunities the related list Microsoft Solutions, on the page yourself: its layouts cannot be read with the rights of the connector\'s user.'
const lightning = 'Lightning pages with dynamic forms show no layout: put the fields on them in the Lightning App Builder.'
/** Whether the list of solutions on a page is ours: where a package's object serves, its own list stands there, or is the administrator's to put there. */
export const listsSolutions = ({ ours }: Survey): boolean => ours.some(({ object }) => object === SOLUTION)

function layoutItems(survey: Survey, refusals: ReadonlyMap<string, string>): InstallItem[] {
  const { layouts } = survey
  const lists = listsSolutions(survey)
  if (layouts === null || layouts.length === 0) {
    const what = `Section "${SECTION}" on the page`
    return [{ id: 'layout', what, state: 'present', change: null, touches: 'existing', note: byHand }]
  }
  return layouts.map((layout): InstallItem => {
    const id = layoutId(layout)
    const change = hasSection(layout, lists) ? null : `add the section${layout.object === 'Lead' || !lists ? '' : ' and the related list Microsoft Solutions'}`
    return {
      id,
      what: `Section "${SECTION}" on the layout ${layout.fullName}`,
      state: change === null ? 'present' : 'differs',
      change,
      touches: 'existing',
      note: refusals.get(id) ?? lightning,
    }
  })
}
