import { Fault } from '../../../core/fault.js'
import type { Clock } from '../../../core/ports.js'
import type { SalesforceApi } from '../api.js'
import { rowOf, rowsOf, textOf, type Row } from '../row.js'
import type { Layout } from './layouts.js'
import { layoutsZip } from './package.js'

/** Checks a deployment, and makes it then. */
export async function deployChecked(
  desk: Desk,
  wish: { readonly zip: Uint8Array; readonly remedy: string; readonly signal: AbortSignal },
): Promise<void> {
  await deploy(desk, { ...wish, checkOnly: true })
  await deploy(desk, { ...wish, checkOnly: false })
}
export const replaceLayouts = async (desk: Desk, layouts: readonly Layout[], remedy: string, signal: AbortSignal): Promise<void> =>
  deployChecked(desk, { zip: layoutsZip(layouts, await desk.api.version(signal)), remedy, signal })

const pollMs = 2_000
const pollsMost = 450 // A quarter of an hour: a queue of deployments may stand before ours.

/** What the installer works with. */
export interface Desk {
  readonly api: SalesforceApi
  readonly clock: Clock
}

/** Sends the zip and waits for the end. @throws Fault `rejected` with every component that failed and why. */
export async function deploy(
  { api, clock }: Desk,
  wish: { readonly zip: Uint8Array; readonly checkOnly: boolean; readonly remedy: string; readonly signal: AbortSignal },
): Promise<void> {
  const id = await api.deploy(wish.zip, { checkOnly: wish.checkOnly, signal: wish.signal })
  for (let poll = 0; poll < pollsMost; poll += 1) {
    const answer = await api.get(`metadata/deployRequest/${id}?includeDetails=true`, `deployment ${id}`, wish.signal)
    const result = answer === null ? null : rowOf(answer, 'deployResult')
    if (result?.['done'] === true) {
      if (result['success'] === true) return
      throw failed(id, result, wish.remedy)
    }
    await clock.sleep(pollMs, wish.signal)
  }
  throw new Fault('offline', `Deployment ${id} has not ended after ${(pollsMost * pollMs) / 60_000} minutes.`, {
    remedy: 'Look at Setup, Deployment Status; run the command again when it has ended.',
  })
}
function failed(id: string, result: Row, remedy: string): Fault {
  const details = rowOf(result, 'details')
  const failures = (details === null ? [] : rowsOf(details, 'componentFailures')).map(
    (failure) => `${textOf(failure, 'fullName') ?? 'a component'}: ${textOf(failure, 'problem') ?? 'no reason given'}`,
  )
  const why =
    failures.length === 0 ? (textOf(result, 'errorMessage') ?? textOf(result, 'status') ?? 'no reason given') : failures.join('; ')
  return new Fault('rejected', `Salesforce did not take deployment ${id}: ${why}`, { remedy })
}
