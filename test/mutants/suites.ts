import type { Mutant } from './list.js'

/** The tests that stand nearest to a folder of the sources, the quickest first. */
const NEAR: Readonly<Record<string, readonly string[]>> = {
  'src/core': ['src/core', 'src/engine', 'test/property/plan.test.ts', 'test/property/engine.test.ts'],
  'src/engine': ['src/engine', 'test/property/engine.test.ts', 'test/contract/partner-center-sweeps.test.ts', 'test/contract/corners.test.ts'],
  'src/store': ['src/store', 'test/contract/store.test.ts', 'test/contract/keeping.test.ts'],
  'src/adapters/dynamics': ['src/adapters/dynamics', 'test/contract/dynamics-adapter.test.ts', 'test/contract/qualifying.test.ts', 'test/contract/end-to-end.test.ts'],
  'src/adapters/partner-center': ['src/adapters/partner-center', 'test/contract/partner-center-adapter.test.ts', 'test/contract/end-to-end.test.ts'],
  'src/adapters/salesforce': ['src/adapters/salesforce', 'test/contract/qualifying.test.ts', 'test/contract/salesforce.test.ts'],
}

/** @throws Error for a file whose folder has no tests named here. */
export function suitesFor({ file }: Mutant): readonly string[] {
  const folder = Object.keys(NEAR).find((name) => file.startsWith(`${name}/`))
  const suites = folder === undefined ? undefined : NEAR[folder]
  if (suites === undefined) throw new Error(`No tests are named for ${file}.`)
  return suites
}
