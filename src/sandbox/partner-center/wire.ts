import { msft, type Referral } from './model.js'
import type { World } from './world.js'

/** Records never change, so the ones that are shown often are turned into JSON once. Kept few: the text is as large as the record. */
const rendered = new Map<Referral, string>()
const renderedMax = 5_000

const microsoftsId = '72f988bf-86f1-41af-91ab-2d7cd011db47'

/** What is shown of a record, by the readings that the documentation leaves open. */
function shownBy({ options }: World): ((this: unknown, name: string, value: unknown) => unknown) | undefined {
  if (options.emptyValues === 'shown' && options.eTagShown !== 'header' && options.microsoftOrganization === 'msft') return undefined
  return function (this: unknown, name, value) {
    const leftOut = (value === null && options.emptyValues === 'left-out') || (name === 'eTag' && options.eTagShown === 'header')
    if (leftOut) return undefined
    // The organisation of the referral itself; who invited is always named by the word.
    const isTheirs = name === 'organizationId' && value === msft && typeof this === 'object' && this !== null && 'id' in this
    return isTheirs && options.microsoftOrganization === 'guid' ? microsoftsId : value
  }
}

/** A referral as JSON, with its links; `context` in front for a single one. */
export function referralJson(world: World, referral: Referral, base: string, form: 'entity' | 'item'): string {
  if (form === 'item' && world.options.listedRecords === 'summary') return summaryJson(world, referral)
  const shown = shownBy(world)
  let json = shown === undefined ? rendered.get(referral) : JSON.stringify(referral, shown)
  if (json === undefined) {
    json = JSON.stringify(referral)
    if (rendered.size >= renderedMax) rendered.clear()
    rendered.set(referral, json)
  }
  const context = form === 'entity' ? `"@odata.context":${JSON.stringify(`${base}/v1.0/$metadata#Referrals/$entity`)},` : ''
  return `{${context}${json.slice(1, -1)},"links":${JSON.stringify(linksOf(world, referral, base))}}`
}

const inSummary = (name: string): boolean => !['eTag', 'inviteContext', 'trackingInfo'].includes(name)
const summaryJson = (world: World, referral: Referral): string =>
  JSON.stringify(Object.fromEntries(Object.entries(referral).filter(([name]) => inSummary(name))), shownBy(world))

/** Only the asked properties, in the order of the record. */
export function selectedJson(world: World, referral: Referral, base: string, select: ReadonlySet<string>): string {
  const all: Record<string, unknown> = { ...referral, links: linksOf(world, referral, base) }
  return JSON.stringify(Object.fromEntries(Object.entries(all).filter(([name]) => select.has(name))), shownBy(world))
}

export function linksOf(world: World, referral: Referral, base: string): unknown {
  const path = world.options.linksForm === 'correct' ? 'engagements' : 'engagments' // as published samples misspell it
  const root = `${base}/v1.0/${path}/referrals`
  return {
    relatedReferrals: { uri: `${root}?$filter=engagementId eq ${referral.engagementId}`, method: 'GET' },
    self: { uri: `${root}/${referral.id}`, method: 'GET' },
  }
}

/** The names `$select` may ask for. */
export function selectable(name: string): boolean {
  return name === 'links' || topLevel.has(name)
}

const topLevel = new Set(
  (
    'id engagementId name organizationId organizationName lastModifiedVia lastRunId externalReferenceId createdDateTime updatedDateTime ' +
    'expirationDateTime status substatus statusReason qualification type referralSource eTag favorite campaignId salesStage quality ' +
    'isSpam direction mpnId referralProgram dealSensitivity createdVia tags acceptedDateTime closedDateTime callToAction ' +
    'registrationStatus target customerProfile consent details team inviteContext trackingInfo registrations'
  ).split(' '),
)
