import type { PatchChange, StepChange } from '../../core/change.js'
import { Fault, isFault } from '../../core/fault.js'
import type { Operation, DynamicsApi } from './api.js'
import type { Codec } from './codec.js'
import { recordName } from './operations.js'
import { IDENTIFIER } from './profile.js'
import { idOf, query, quoted, textOf } from './row.js'
import { columnIn } from './schema.js'

/**
 * A row that was merged away keeps the referral identifier, and the identifier is a key: the row that stays could never take it over.
 * These are the patches that free it, for rows that were merged into this very record and no others.
 */
export async function freeingOf(
  api: DynamicsApi,
  codec: Codec,
  given: { readonly id: string; readonly identifier: string },
  signal: AbortSignal,
): Promise<readonly Operation[]> {
  const column = columnIn(codec.schema, codec.kind, IDENTIFIER)?.name
  // Only leads are merged by the CRM's own action.
  if (column === undefined || codec.kind !== 'lead') return []
  const { set, id } = codec.table
  const $filter = `${column} eq ${quoted(given.identifier)}`
  const rows = await api.list(
    { path: `${set}${query({ $select: `${id},merged,_masterid_value`, $filter })}`, what: `records of referral ${given.identifier}` },
    signal,
  )
  return rows.flatMap((row): Operation[] => {
    const holder = idOf(row, id)
    if (holder === null || holder === given.id || row['merged'] !== true || idOf(row, '_masterid_value') !== given.id) return []
    return [
      {
        method: 'PATCH',
        path: `${set}(${holder})`,
        ifMatch: textOf(row, '@odata.etag') ?? '*',
        body: { [column]: null },
        what: recordName(codec.kind, holder),
      },
    ]
  })
}

/** A CRM that lets nobody touch a row that was merged away: a person has to choose what carries the identifier. */
export function stillHeld(cause: unknown, change: PatchChange | StepChange, freeing: readonly Operation[]): unknown {
  if (!isFault(cause) || cause.kind === 'offline' || cause.kind === 'throttled' || cause.kind === 'ambiguous') return cause
  const holders = freeing.map(({ what }) => what).join(', ')
  return new Fault(
    'rejected',
    `${holders} was merged into ${recordName(change.ref.kind, change.ref.id)} and still holds the referral identifier ${change.stamp.otherId ?? ''}, which the CRM does not let us take over: ${cause.message}`,
    {
      remedy: 'Clear the referral identifier of the merged record (or delete that record), then run "cosell runs retry" for the deal.',
      cause,
    },
  )
}
