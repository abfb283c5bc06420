/** For one bug of the list the quickest file of tests that catches it. */
export interface QuickMutant {
  readonly name: string
  readonly suite: string
}

const by = (suite: string, names: readonly string[]): QuickMutant[] => names.map((name) => ({ name, suite }))

/**
 * The bugs that every run makes, one at a time: for each rule of docs/SPEC.md that a quick file of tests guards, at least one. The whole list,
 * with the simulation, is `npm run mutants`.
 */
export const QUICK: readonly QuickMutant[] = [
  ...by('src/core/plan.test.ts', [
    'the loser of a conflict is not recorded',
    'sharing with Microsoft is filled from the CRM at the first meeting',
    'an unreachable side counts as empty',
    'a loss that is known is written back',
    'edits of the CRM flow into the CRM',
    'equal edits of both sides are a conflict',
    'where both changed, the CRM simply wins',
    'where both existed and differ, the partner simply wins',
  ]),
  ...by('src/core/stage-merge.test.ts', ["an unanswered lead's open CRM record accepts it", 'won against lost: the CRM is believed']),
  ...by('src/engine/rules.test.ts', [
    'the base does not move with a write',
    'the marker is searched for before the listing can show it',
    'several records with one marker: the first is taken',
    'a lease is not checked before a write',
    'a pause is not kept: everything is tried at once again',
    'two creations are made before the first sweep is through',
    'a write is planned on what our own last write must have left',
  ]),
  ...by('src/engine/late-writes.test.ts', [
    'intents are not saved before the write',
    'a lost write that happened is not folded into the base',
    'a write that has not arrived is taken for one that never will',
  ]),
  ...by('src/engine/sweep.test.ts', [
    'the brake is never pulled',
    'a brake that was pulled lets go when an event carried one deal',
    "Microsoft's referral whose deal is not known yet is nobody's",
    'the watermark of the sweep moves before its page is noted',
  ]),
  ...by('src/engine/reconcile.test.ts', ['an alias is forgotten after a move', 'a share goes out without a solution']),
  ...by('src/engine/customer-guard.test.ts', [
    'a worker that slept makes the account all the same',
    'two deals of one new customer look for its account at once',
  ]),
  ...by('src/adapters/partner-center/api.test.ts', ['a referral is patched without the version it was planned on']),
  ...by('src/core/plan-meeting.test.ts', ['a one-way row lets the edit stand', 'a closed referral is patched']),
  ...by('src/engine/waiting-edits.test.ts', ['edits are sent although Sync is off']),
  ...by('src/engine/wide.test.ts', ['a share goes out without a contact although help is asked']),
  ...by('src/engine/ledger.test.ts', ['a save moves the base and does not say so']),
  ...by('src/engine/linking.test.ts', ["two deals that meet at one record are joined, and one of the referrals is nobody's any more"]),
  ...by('src/engine/doors.test.ts', ['an answer at a door of the CRM is taken for one at Partner Center', 'a no to a first share is no answer']),
  ...by('src/engine/ends.test.ts', ['a creation that the CRM refuses by now is searched for without end']),
  ...by('src/engine/observation.test.ts', ['observing hides what a person has to look into']),
  ...by('test/contract/qualifying.test.ts', ['a lead that is switched off is switched on where we convert it']),
  ...by('src/adapters/salesforce/adapter.test.ts', ['a lead that was converted before it was known is not found']),
  ...by('src/store/promises.test.ts', [
    'a save does not compare the revision',
    'a save of a deal that is to be tried again does not compare the revision',
    'a save that changes more than the deal itself does not compare the revision',
    'a mark during a run is lost',
    'a repeated event is new every time',
    'the ledger is not chained',
  ]),
]
