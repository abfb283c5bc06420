import { dynamicsCards } from '../../src/sandbox/crm-desk-dynamics.js'
import { salesforceCards } from '../../src/sandbox/crm-desk-salesforce.js'
import type { CrmDesk } from '../../src/sandbox/crm-desk.js'
import type { Sandbox } from '../../src/sandbox/sandbox.js'
import { installation } from './installation.js'
import { salesforceInstallation } from './salesforce-installation.js'

/** A whole installation, whichever CRM it works with: what a suite needs that runs for every CRM from one list. */
export interface AnyInstallation {
  readonly sandbox: Sandbox
  readonly desk: CrmDesk
  sync(): Promise<void>
  /** The record that was made for this referral. */
  crmIdOf(referralId: string): string
  ownOf(crmId: string): ReturnType<Sandbox['partnerCenter']['engagement']>
  stateOf(id: string): Promise<string>
  /** Writes that reached either system since the last call. */
  writes(): readonly string[]
  close(): Promise<void>
}
interface Wish {
  readonly sync?: Readonly<Record<string, unknown>>
}

const ownOf = (sandbox: Sandbox, crmId: string) =>
  [...sandbox.partnerCenter.referrals()].filter(({ externalReferenceId }) => externalReferenceId === crmId)

/** One more CRM is one more line here. */
export const CRMS: readonly (readonly [name: string, open: (wish?: Wish) => Promise<AnyInstallation>])[] = [
  [
    'Dynamics 365',
    async (wish = {}) => {
      const here = await installation(wish)
      return {
        sandbox: here.sandbox,
        desk: dynamicsCards(here.sandbox.dynamics),
        sync: async () => {
          await here.sync()
          await here.sync()
        },
        crmIdOf: (referralId) => String(here.opportunitiesOf(referralId)[0]?.['opportunityid']),
        ownOf: (crmId) => ownOf(here.sandbox, crmId),
        stateOf: async (id) => (await here.app.service.deal(id, { live: false })).state,
        writes: () => here.writes(),
        close: () => here.close(),
      }
    },
  ],
  [
    'Salesforce',
    async (wish = {}) => {
      const here = await salesforceInstallation(wish)
      return {
        sandbox: here.sandbox,
        desk: salesforceCards(here.sandbox.salesforce),
        sync: async () => void (await here.sync()),
        crmIdOf: (referralId) => String(here.opportunitiesOf(referralId)[0]?.['Id']),
        ownOf: (crmId) => ownOf(here.sandbox, crmId),
        stateOf: async (id) => (await here.dealOf(id)).state,
        writes: () => here.writes(),
        close: () => here.close(),
      }
    },
  ],
]
