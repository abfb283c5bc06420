import type { SandboxRng } from '../rng.js'
import type { Loose, LooseReferral } from './drafts.js'
import type { SolutionTag } from './model.js'
import { secondsOf } from './stamps.js'
import type { World } from './world.js'

type Place = readonly [company: string, line: string, city: string, state: string, postalCode: string, country: string]

const customers: readonly Place[] = [
  ['Nordwind Handels GmbH', 'Lindenallee 7', 'Hamburg', 'HH', '20095', 'DE'],
  ['Alpine Ski House AG', 'Bahnhofstrasse 21', 'Zürich', 'ZH', '8001', 'CH'],
  ['Tailspin Toys Ltd', '14 Mill Lane', 'Leeds', '', 'LS1 4AP', 'GB'],
  ['Adventure Works Inc', '4567 Main Street', 'Buffalo', 'NY', '98052', 'US'],
  ['Fourth Coffee S.A.', 'Rua do Carmo 12', 'Lisboa', '', '1200-093', 'PT'],
  ['Wide World Importers', '88 Harbour Road', 'Sydney', 'NSW', '2000', 'AU'],
  ['City Power & Light', '1 Grid Square', 'Toronto', 'ON', 'M5H 2N2', 'CA'],
  ['Lamna Healthcare', 'Via Roma 3', 'Milano', 'MI', '20121', 'IT'],
  ['Relecloud SAS', '9 rue de la Paix', 'Paris', '', '75002', 'FR'],
  ['Wingtip Logistics BV', 'Keizersgracht 100', 'Amsterdam', 'NH', '1015 AA', 'NL'],
  ['东方海运有限公司', '南京西路 1266 号', '上海', '上海', '200040', 'CN'],
  ['さくら製作所', '丸の内 1-1-1', '東京', '東京都', '100-0005', 'JP'],
]
const projects = ['analytics rollout', 'data platform', 'cloud migration', 'contact centre', 'security review', 'ERP renewal', 'IoT pilot']
const firstNames = ['Mara', 'Jon', 'Ana', 'Wei', 'Priya', 'Omar', 'Lena', 'Tomás', 'Yuki', 'Grace']
const lastNames = ['Vogt', 'Reyes', 'Silva', 'Chen', 'Patel', 'Haddad', 'Berg', 'Novak', 'Sato', 'Okafor']
const currencies = ['EUR', 'USD', 'GBP', 'CHF']
const sizes = ['51to250employees', '251to1000employees', '1001to5000employees']

export function samplePerson(rng: SandboxRng, domain: string): { firstName: string; lastName: string; phoneNumber: string; email: string } {
  const firstName = rng.pick(firstNames)
  const lastName = rng.pick(lastNames)
  const plain = `${firstName}.${lastName}`
    .toLowerCase()
    .normalize('NFD')
    .replaceAll(/[^a-z.]/g, '')
  return { firstName, lastName, phoneNumber: `+49${String(rng.int(900_000_000) + 100_000_000)}`, email: `${plain}@${domain}` }
}

function sampleSolution({ rng, organization }: World): Loose<SolutionTag> {
  const id = `SOL-${10_000 + rng.int(20)}-SBX`
  return { id, name: 'Sandbox Insights', type: 'Name', publisherName: organization.organizationName, solutionType: '3P' }
}

/** A believable deal with everything the rules demand. Whatever is given stands; the rest is drawn. */
export function sampleDeal(world: World, given: LooseReferral = {}): LooseReferral {
  const { rng, clock, organization } = world
  const [company, addressLine1, city, state, postalCode, country] = rng.pick(customers)
  const customer = given.customerProfile ?? {}
  const details = given.details ?? {}
  const requirements = details.requirements ?? {}
  return {
    type: 'Independent',
    qualification: 'SalesQualified',
    mpnId: organization.mpnIds[0],
    target: [],
    ...given,
    name: given.name ?? `${customer.name ?? company} - ${rng.pick(projects)}`,
    customerProfile: {
      name: company,
      size: rng.pick(sizes),
      team: [samplePerson(rng, 'customer.example')],
      ids: [],
      ...customer,
      address: { addressLine1, addressLine2: null, city, state, postalCode, country, region: null, ...customer.address },
    },
    consent: {
      consentToToShareInfoWithOthers: true,
      consentToContact: true,
      consentToShareReferralWithMicrosoftSellers: false,
      ...given.consent,
    },
    details: {
      notes: 'Made by the sandbox.',
      dealValue: (rng.int(400) + 20) * 500,
      currency: rng.pick(currencies),
      closingDateTime: `${secondsOf(clock.now() + (rng.int(150) + 30) * 86_400_000).slice(0, 10)}T00:00:00Z`,
      ...details,
      requirements: {
        solutions: [sampleSolution(world)],
        ...requirements,
        additionalRequirements: requirements.additionalRequirements ?? {
          iot: {},
          attributes: [{ type: 'CustomerMarketplaceIntent', id: 'HaveNotDecided' }],
        },
      },
    },
    team: given.team ?? [samplePerson(rng, organization.domain)],
  }
}
