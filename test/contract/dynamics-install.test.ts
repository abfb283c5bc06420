import { describe, expect, it } from 'vitest'
import type { InstallItem } from '../../src/core/ports.js'
import { cosellCustomization } from '../../src/sandbox/dataverse/index.js'
import { environment, Killed, never, type Environment } from '../support/dynamics-environment.js'

const quiet = { onProgress: () => undefined, signal: never }
const open = (items: readonly InstallItem[]): string[] => items.filter(({ state }) => state !== 'present').map(({ id }) => id)
const apply = (made: Environment) => made.installer().apply({ existing: 'alter', ...quiet })
const writes = (made: Environment): string[] =>
  made.kit.simulator.calls
    .list()
    .filter(({ method }) => method !== 'GET')
    .map(({ method, path }) => `${method} ${path}`)

describe('installing into Dynamics 365', () => {
  it('names everything an empty environment lacks and touches nothing', async () => {
    const made = environment()
    const plan = await made.installer().plan({ signal: never })
    expect(open(plan.items)).toContain('column:opportunity.cosell_help')
    expect(open(plan.items)).toContain('table:cosell_microsoftsolution')
    expect(open(plan.items)).toContain('key:lead.cosell_referralidentifier')
    expect(writes(made)).toEqual([])
  })

  it('makes all of it, and a second run changes nothing', async () => {
    const made = environment()
    const report = await apply(made)
    expect(open(report.items)).toEqual([])
    made.kit.simulator.calls.reset()
    const again = await apply(made)
    expect(again.done).toEqual([])
    expect(writes(made)).toEqual([])
  })

  it('makes the columns and tables that the simulator knows as ours', async () => {
    const made = environment()
    await apply(made)
    for (const { schemaName } of cosellCustomization.dealFields) {
      const answer = await made.kit.call(
        'GET',
        `EntityDefinitions(LogicalName='lead')/Attributes(LogicalName='${schemaName.toLowerCase()}')`,
      )
      expect(answer.status, schemaName).toBe(200)
      expect(answer.json['SchemaName']?.toString().toLowerCase()).toBe(schemaName.toLowerCase())
    }
  })
})

describe('an installation that is killed', () => {
  // Before a write is the same as after the one before it; a few prove that.
  it.each([
    ['before', 12],
    ['after', 1],
  ] as const)(
    'at any write, %s it is carried out, is finished by the next run',
    async (when, step) => {
      const whole = environment()
      whole.cut(Number.MAX_SAFE_INTEGER, when)
      await apply(whole)
      const calls = whole.calls()
      const made = (one: Environment): string[] => fingerprint(one)
      const wanted = made(whole)
      for (let at = 1; at <= calls; at += step) {
        const one = environment()
        one.cut(at, when)
        await expect(apply(one), `cut at write ${at}`).rejects.toThrow(Killed)
        one.cut(Number.MAX_SAFE_INTEGER, when)
        expect(open((await apply(one)).items), `cut at write ${at}`).toEqual([])
        expect(made(one), `cut at write ${at}`).toEqual(wanted)
      }
    },
    300_000,
  )
})

/** What an installation consists of, without the ids that differ from environment to environment. */
function fingerprint(made: Environment): string[] {
  const { simulator } = made.kit
  const named = (table: string, column: string): string[] => simulator.find(table).map((row) => `${table} ${String(row[column])}`)
  return [
    ...named('publisher', 'uniquename'),
    ...named('solution', 'uniquename'),
    ...named('webresource', 'name'),
    ...named('savedquery', 'name'),
    ...simulator.find('systemform').map((row) => `form ${String(row['name'])} ${String(row['formxml']).length}`),
    ...simulator.find('savedquery').map((row) => `view ${String(row['name'])} ${String(row['layoutxml']).length}`),
    ...named('fieldsecurityprofile', 'name'),
    ...named('fieldpermission', 'attributelogicalname'),
    `components ${simulator.find('solutioncomponent').length}`,
  ].sort()
}

describe('events of the CRM', () => {
  const wish = { url: 'https://cosell.example/hooks/dynamics', key: 'a key with "quotes" & more' }

  it('are sent with the key after registration, filtered to the columns that matter', async () => {
    const made = environment()
    await apply(made)
    const report = await made.installer().registerCallbacks(wish, { signal: never })
    expect(open(report.items)).toEqual([])
    const id = made.kit.simulator.people.opportunity({ name: 'Watched' })
    await made.kit.settle()
    expect(made.kit.delivered.map(({ headers }) => headers['x-cosell-key'])).toContain(wish.key)
    made.kit.delivered.length = 0
    made.kit.simulator.people.edit('opportunity', id, { customerneed: 'nobody listens' })
    await made.kit.settle()
    expect(made.kit.delivered).toEqual([])
    made.kit.simulator.people.edit('opportunity', id, { description: 'heard' })
    await made.kit.settle()
    expect(made.kit.delivered.map(({ headers }) => headers['x-ms-dynamics-request-name'])).toEqual(['Update'])
  })

  it('registered again only set the key anew, moved go to the new address, removed leave nothing', async () => {
    const made = environment()
    await apply(made)
    const installer = made.installer()
    await installer.registerCallbacks(wish, { signal: never })
    expect((await installer.registerCallbacks(wish, { signal: never })).done).toEqual([`Webhook to ${wish.url}: set its key`])
    const moved = { ...wish, url: 'https://elsewhere.example/hooks/dynamics' }
    await installer.registerCallbacks(moved, { signal: never })
    expect(made.kit.simulator.find('serviceendpoint').map((row) => row['url'])).toEqual([moved.url])
    await installer.removeCallbacks({ signal: never })
    expect(made.kit.simulator.size('serviceendpoint') + made.kit.simulator.size('sdkmessageprocessingstep')).toBe(0)
    expect(await installer.removeCallbacks({ signal: never })).toEqual([])
  })
})
