import { additionalRequirements, member, solution } from './body-shapes.js'
import { additionalOf, memberOf, membersOf, solutionOf, solutionsOf, type Loose } from './drafts.js'
import { statuses, substatuses, type Member, type SolutionTag } from './model.js'
import { boolean, date, list, number, text, word, type Shape } from './shapes.js'

/** One path a PATCH may name: what its value must be, and how a bound value becomes part of the record. */
export interface PatchPath {
  readonly shape: Shape
  /** Paths that end in `/-` add to a list. */
  readonly appends: boolean
  readonly whole: (bound: unknown) => unknown
}

const plain = (shape: Shape): PatchPath => ({ shape, appends: false, whole: (bound) => bound })
// The casts below follow from the shapes beside them: a bound value has the shape it was bound to.
const members: PatchPath = { shape: list(member), appends: false, whole: (bound) => membersOf(bound as Loose<Member>[] | null) }
const oneMember: PatchPath = { shape: member, appends: true, whole: (bound) => memberOf((bound ?? {})) }

/** The closed list of the published OpenAPI of Microsoft's "Partner Center Referrals" connector, read 2023-10. */
export const listedPaths: ReadonlyMap<string, PatchPath> = new Map<string, PatchPath>([
  ['/status', plain(word(...statuses))],
  ['/substatus', plain(word(...substatuses))],
  ['/statusReason', plain(text)],
  ['/details/closingDateTime', plain(date)],
  ['/details/currency', plain(text)],
  ['/details/dealValue', plain(number)],
  ['/details/notes', plain(text)],
  [
    '/details/requirements/solutions',
    // The shape has just been checked.
    { shape: list(solution), appends: false, whole: (bound) => solutionsOf(bound as Loose<SolutionTag>[] | null) },
  ],
  [
    '/details/requirements/solutions/-',
    { shape: solution, appends: true, whole: (bound) => solutionOf((bound ?? {})) },
  ],
  ['/customerProfile/team', members],
  ['/customerProfile/team/-', oneMember],
  ['/team', members],
  ['/team/-', oneMember],
  ['/consent/consentToShareReferralWithMicrosoftSellers', plain(boolean)],
  ['/externalReferenceId', plain(text)],
  ['/campaignId', plain(text)],
  ['/referralProgram', plain(text)],
  ['/salesStage', plain(text)],
])

/** Editable in the portal, so the API may take them too. */
export const unlistedPaths: ReadonlyMap<string, PatchPath> = new Map<string, PatchPath>([
  ['/name', plain(text)],
  ['/favorite', plain(boolean)],
  [
    '/details/requirements/additionalRequirements',
    {
      shape: additionalRequirements,
      appends: false,
      whole: (bound) => additionalOf((bound ?? {})),
    },
  ],
])

/** A copy of `record` with one place changed; a last segment `-` appends. */
export function withChange<T>(record: T, segments: readonly string[], value: unknown): T {
  const [first, ...rest] = segments
  if (first === undefined) return value as T // the place itself was reached, and its value was bound to the shape of that place
  if (Array.isArray(record)) {
    // An array of whatever the document holds.
    const copy: unknown[] = [...(record as readonly unknown[])]
    if (first === '-') copy.push(value)
    else copy[Number(first)] = withChange(copy[Number(first)], rest, value)
    return copy as T // still the same kind of list
  }
  const from = record as Readonly<Record<string, unknown>> // only records and lists lie on the allowed paths
  return { ...record, [first]: withChange(from[first], rest, value) }
}
