import { z } from 'zod'
import { deal, flag, operation, type Operation } from './operation.js'

const text = z.string().max(500)
const solution = z.strictObject({
  id: text.min(1),
  name: text,
  type: text.nullable().default(null),
  publisher: text.nullable().default(null),
})
const email = z.string().regex(/^[^\s@%]{1,120}@[^\s@%]{1,120}$/, 'is no e-mail address')
const data = (drop: boolean): 'keep' | 'delete' => (drop ? 'delete' : 'keep')

/** What else the command line can do for the installation: solutions, the CRM's events, the way back, the key, the right to be forgotten. */
export const UPKEEP_OPERATIONS: readonly Operation[] = [
  operation({
    name: 'version',
    method: 'GET',
    path: '/version',
    role: 'viewer',
    summary: 'The version of the program.',
    input: {},
    run: ({ upkeep }) => Promise.resolve({ version: upkeep.version }),
  }),
  operation({
    name: 'configuration',
    method: 'GET',
    path: '/configuration',
    role: 'admin',
    summary: 'The configuration in force, secrets masked.',
    input: {},
    run: ({ upkeep }) => Promise.resolve(upkeep.configuration()),
  }),
  operation({
    name: 'configurationSchema',
    method: 'GET',
    path: '/config/schema',
    role: 'viewer',
    summary: 'The JSON Schema of the configuration file.',
    input: {},
    run: ({ upkeep }) => Promise.resolve(upkeep.configurationSchema()),
  }),
  operation({
    name: 'trigger',
    method: 'POST',
    path: '/trigger',
    role: 'operator',
    summary: 'Has the simulated Partner Center send one signed event about a deal; refused where Partner Center is the real one.',
    input: { event: text.min(1), deal },
    run: ({ upkeep }, input) => upkeep.trigger(input.event, input.deal),
  }),
  operation({
    name: 'solutions',
    method: 'GET',
    path: '/solutions',
    role: 'operator',
    summary: 'The catalogue of solution ids, and ids that deals use beside it.',
    input: {},
    run: async ({ administration }, _input, { signal }) => ({ solutions: await administration.installation.solutions(signal) }),
  }),
  operation({
    name: 'importSolutions',
    method: 'POST',
    path: '/solutions/import',
    role: 'admin',
    summary: 'Adds solutions to the catalogue; null: those that past deals used. Removes nothing.',
    input: { solutions: z.array(solution).max(10_000).nullable() },
    run: ({ administration }, { solutions }, call) => administration.installation.importSolutions({ entries: solutions, ...call }),
  }),
  operation({
    name: 'registerCallbacks',
    method: 'POST',
    path: '/webhook/crm/register',
    role: 'admin',
    summary: 'Has the CRM send its events here.',
    input: {},
    run: ({ administration }, _input, call) => administration.installation.registerCallbacks(call),
  }),
  operation({
    name: 'removeCallbacks',
    method: 'POST',
    path: '/webhook/crm/remove',
    role: 'admin',
    summary: 'Ends the events of the CRM; polling still finds every change.',
    input: {},
    run: async ({ administration }, _input, call) => ({ removed: await administration.installation.removeCallbacks(call) }),
  }),
  operation({
    name: 'removalPlan',
    method: 'GET',
    path: '/install/removal',
    role: 'operator',
    summary: 'What a removal would take away from the CRM; writes nothing.',
    input: { data: flag.default(false) },
    run: ({ administration }, input, { signal }) => administration.installation.planRemoval({ data: data(input.data), signal }),
  }),
  operation({
    name: 'removeInstalled',
    method: 'POST',
    path: '/install/remove',
    role: 'admin',
    summary: 'Takes away what the installation made in the CRM; columns and tables stay unless data is true.',
    input: { data: z.boolean().default(false) },
    run: ({ administration }, input, call) =>
      administration.installation.remove({ data: data(input.data), onProgress: () => undefined, ...call }),
  }),
  operation({
    name: 'eraseFromLedger',
    method: 'POST',
    path: '/audit/erase',
    role: 'admin',
    summary: 'Empties every ledger entry that speaks of this person; it cannot be taken back, and the chain stays whole.',
    input: { email },
    run: async ({ upkeep }, input) => ({ erased: await upkeep.erase(input.email) }),
  }),
  operation({
    name: 'rotateSecrets',
    method: 'POST',
    path: '/secrets/rotate',
    role: 'admin',
    summary: 'Seals every stored secret with a new key.',
    input: {},
    run: ({ upkeep }) => upkeep.rotateSecrets(),
  }),
]
