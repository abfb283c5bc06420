import { labelKey } from '../../core/conversions.js'
import type { SalesforceApi } from './api.js'
import { fieldsOf, hidden } from './fields.js'
import { SOLUTION_ID, SOLUTION_KEY, SOLUTION_OBJECT } from './profile.js'
import { flagOf, rowsOf, textOf, type Row } from './row.js'
import type { SolutionObject, TeamObject } from './schema.js'

interface Child {
  readonly name: string
  readonly relationship: string
  readonly lookup: string
}
const childrenOf = (opportunity: Row): Child[] =>
  rowsOf(opportunity, 'childRelationships').flatMap((child) => {
    const name = textOf(child, 'childSObject')
    const relationship = textOf(child, 'relationshipName')
    const lookup = textOf(child, 'field')
    return name === null || relationship === null || lookup === null ? [] : [{ name, relationship, lookup }]
  })

/** Our own object of solutions, or the one of Microsoft's package: its names are not public, its labels are. */
export async function findSolutions(api: SalesforceApi, opportunity: Row, signal: AbortSignal): Promise<SolutionObject | null> {
  const children = childrenOf(opportunity).filter(({ name }) => name.endsWith('__c'))
  const ours = children.find(({ name }) => name === SOLUTION_OBJECT.name)
  const candidates = ours === undefined ? await labelledSolutions(api, children, signal) : [ours]
  for (const child of candidates) {
    const describe = await api.get(`sobjects/${child.name}/describe`, `object ${child.name}`, signal).catch(hidden)
    if (describe === null) continue
    const fields = fieldsOf(describe)
    const ids = new Set<string>(SOLUTION_ID.labels.map(labelKey))
    const solutionId = fields.has(SOLUTION_ID.name)
      ? SOLUTION_ID.name
      : [...fields.values()].find(({ name, label }) => name.endsWith('__c') && ids.has(labelKey(label)))?.name
    if (solutionId !== undefined)
      return { ...child, solutionId, hasName: fields.get('Name')?.writable === true, key: fields.has(SOLUTION_KEY) ? SOLUTION_KEY : null }
  }
  return null
}
async function labelledSolutions(api: SalesforceApi, children: readonly Child[], signal: AbortSignal): Promise<readonly Child[]> {
  if (children.length === 0) return []
  const all = await api.get('sobjects', 'the objects of the org', signal).catch(hidden)
  const wanted = new Set<string>(SOLUTION_OBJECT.labels.map(labelKey))
  const named = new Set(
    (all === null ? [] : rowsOf(all, 'sobjects'))
      .filter((row) => [textOf(row, 'label'), textOf(row, 'labelPlural')].some((label) => label !== null && wanted.has(labelKey(label))))
      .map((row) => textOf(row, 'name')),
  )
  return children.filter(({ name }) => named.has(name))
}

/** Whether opportunities have teams here. Source: Salesforce object reference, OpportunityTeamMember. */
export async function findTeam(api: SalesforceApi, opportunity: Row, signal: AbortSignal): Promise<TeamObject | null> {
  const child = childrenOf(opportunity).find(({ name }) => name === 'OpportunityTeamMember')
  if (child === undefined) return null
  const describe = await api.get('sobjects/OpportunityTeamMember/describe', 'object OpportunityTeamMember', signal).catch(hidden)
  if (describe === null) return null
  const role = fieldsOf(describe).get('TeamMemberRole')
  const first = role?.options?.[0]?.value
  return {
    relationship: child.relationship,
    writable: flagOf(describe, 'createable'),
    role: role?.required === true && typeof first === 'string' ? first : null,
  }
}
