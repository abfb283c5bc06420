import { describe, expect, it } from 'vitest'
import type { InstallItem } from '../../src/core/ports.js'
import { cosellCustomization } from '../../src/sandbox/dataverse/index.js'
import { environment, never, type Environment } from '../support/dynamics-environment.js'

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
