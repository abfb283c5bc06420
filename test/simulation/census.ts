import type { Case } from './run-seed.js'
import type { World } from './world.js'

/** How often everything that is promised to be tried really came up in a run: what people did, what failed, and what the product met. */
export async function census(world: World, { weather, script, rare }: Case): Promise<ReadonlyMap<string, number>> {
  const counts = new Map([...world.counts].map(([what, count]): [string, number] => [what, count]))
  const add = (what: string, count = 1): void => void (count > 0 && counts.set(what, (counts.get(what) ?? 0) + count))
  for (const [name, value] of Object.entries(weather)) if (Array.isArray(value) ? value.length > 0 : Number(value) > 0) add(`weather: ${name}`)
  if (weather.workers === 2) add('two workers')
  for (const legacy of script.legacy) add(`from before: ${legacy}`)
  if (rare !== null) {
    if (rare.irreversible !== 'allow') add(`set to ${rare.irreversible}`)
    for (const [flow, began] of Object.entries(rare.flows)) if (began !== 'on') add(`${flow} begins as ${began}`)
    for (const [flow, now] of Object.entries(world.office.flows())) if (now !== 'on') add(`${flow} stays ${now}`)
    if (rare.strange) add('on hold has no meaning in the mapping')
    if (rare.outage !== null) add(`${rare.outage} answers nothing for three days`)
  }
  add('co-sell pairs', world.truth.theirs.size)
  for (const { actor, field, from } of world.truth.happenings) {
    if (actor === 'cosell' && field === 'stage' && from !== null) add('stages carried')
    if (actor === 'cosell' && field === 'solutions' && from !== null) add('lists carried')
  }
  const { records } = await world.store.audit({ limit: 100_000 })
  for (const { event } of records) {
    if (event?.kind === 'moved') add('records that became others')
    else if (event?.kind === 'found-written') add('writes of unknown fate that had happened')
    else if (event?.kind === 'observed') add('writes that were only observed')
    else if (event?.kind === 'conflict') add(`conflict: ${event.conflict.kind}`)
    else if (event?.kind === 'failed') add(`write failed: ${event.fault}`)
    else if (event?.kind === 'state' && event.reason !== null) add(`told: ${event.reason.code}`)
  }
  return counts
}
