import { customers, dealOf, type Stage } from './people.js'
import { chosen, type Act } from './script.js'
import type { Known } from './truth.js'

/** Two accounts of one customer that people made, until somebody merges them. */
export interface Twins {
  readonly ids: readonly string[]
  readonly fromMs: number
  untilMs: number
}
const nowhere = 'Atlantis'
const unknownCurrency = 'XAF' // The simulated CRMs do not have it.

/** What people seldom do. @returns as `play`; undefined for an act that is not one of these. */
export function rarely(stage: Stage, { kind, pick }: Act): string | null | undefined {
  const [side = '', what = '', how = ''] = kind.split('.')
  if (what === 'identify') return identify(stage, side === 'crm' ? 'crm' : 'partner', how, pick)
  switch (kind) {
    case 'partner.create.named':
    case 'partner.create.named-twice':
    case 'partner.create.orphan':
      return named(stage, how, pick)
    case 'partner.unmapped': {
      const referral = chosen(present(stage, 'referral'), pick)
      if (referral === null) return null
      return `${kind} of ${referral.id}: ${String(stage.partner.portal.edit(referral.id, { currency: unknownCurrency }).details.currency)}`
    }
    case 'crm.unmapped': {
      const account = chosen(stage.crm.people.accounts(), pick)
      if (account !== null) stage.crm.people.country(account, nowhere)
      // One of two that fitted has another address now.
      for (const pair of stage.twins) if (account !== null && pair.ids.includes(account)) pair.untilMs = Math.min(pair.untilMs, stage.now())
      return account === null ? null : `${kind}: account ${account} is in ${nowhere}`
    }
    case 'crm.mapped': {
      const strange = stage.crm.people.accountsIn(nowhere)
      for (const account of strange) stage.crm.people.country(account, 'Germany')
      return strange.length === 0 ? null : `${kind}: ${strange.join(', ')}`
    }
    case 'crm.twin-accounts':
      return twins(stage, pick)
    case 'crm.rejoin-twins':
      return rejoin(stage, pick)
    case 'crm.qualify-some': {
      const lead = chosen(
        present(stage, 'lead').filter(({ shown }) => shown.stage.startsWith('waiting')),
        pick,
      )
      return lead === null ? null : `crm.qualify of lead ${lead.id}: to ${stage.crm.people.qualify(lead.id)}`
    }
    default:
      return undefined
  }
}

const present = ({ truth }: Stage, kind: Known['kind']): Known[] => [...truth.records.values()].filter((record) => record.kind === kind && !record.gone)

/** Somebody writes another identifier, none, or something that names nothing. */
function identify(stage: Stage, side: 'partner' | 'crm', how: string, pick: number): string | null {
  const { truth, partner, crm } = stage
  const here = [...truth.records.values()].filter((record) => record.side === side && !record.gone)
  const record = chosen(here, pick)
  const others = [...truth.records.values()].filter((other) => other.side !== side && !other.gone && other.id !== record?.shown.otherId)
  const to = how === 'none' ? null : how === 'nonsense' ? `nothing-${stage.fresh()}` : (chosen(others, pick >> 3)?.id ?? null)
  if (record === null || (how === 'other' && to === null)) return null
  truth.meddled.add(record.id)
  if (side === 'partner') partner.portal.edit(record.id, { externalReferenceId: to })
  else crm.people.identify({ kind: record.kind === 'lead' ? 'lead' : 'opportunity', id: record.id }, to)
  return `${side}.identify of ${record.kind} ${record.id}: ${String(record.shown.otherId)} -> ${String(to)}`
}

/** Referrals that name a CRM record when they are made, as another tool or a person with the API makes them. */
function named(stage: Stage, how: string, pick: number): string | null {
  const record = chosen(present(stage, 'opportunity'), pick)
  if (record === null && how !== 'orphan') return null
  const id = how === 'orphan' ? `gone-${stage.fresh()}` : (record?.id ?? '')
  const made = Array.from({ length: how === 'named-twice' ? 2 : 1 }, () => {
    const { own } = stage.partner.portal.create('private', { ...dealOf(stage, pick), externalReferenceId: id })
    stage.truth.meddled.add(own.id)
    return own.id
  })
  return `partner.create.${how}: ${made.join(', ')} for ${id}`
}

function twins({ crm, twins: known, now }: Stage, pick: number): string {
  const customer = customers[pick % customers.length] ?? customers[0]
  const ids = [crm.people.account(customer), crm.people.account(customer)]
  known.push({ ids, fromMs: now(), untilMs: Infinity })
  return `crm.twin-accounts of ${customer.name}: ${ids.join(', ')}`
}

function rejoin({ crm, twins: known, now }: Stage, pick: number): string | null {
  const pair = chosen(
    known.filter(({ untilMs }) => untilMs === Infinity),
    pick,
  )
  const [winner, loser] = pair?.ids ?? []
  if (pair === null || winner === undefined || loser === undefined) return null
  crm.people.mergeAccounts(winner, loser)
  pair.untilMs = now()
  return `crm.rejoin-twins: ${loser} into ${winner}`
}
