/**
 * The life of a referral as status/substatus pairs.
 * Source: learn.microsoft.com "Referral resources" (status table, read 2023-10); `Closed/Error` is in the bulk-operations page only.
 */
export const STAGES = [
  'New/Pending',
  'New/Received',
  'Active/Accepted',
  'Closed/Won',
  'Closed/Lost',
  'Closed/Declined',
  'Closed/Expired',
  'Closed/Error',
] as const
export type Stage = (typeof STAGES)[number]

/** What a stage means for what may happen next. `waiting` = nobody has answered yet. */
export type Phase = 'waiting' | 'open' | 'won' | 'lost'

const PHASES: Readonly<Record<Stage, Phase>> = {
  'New/Pending': 'waiting',
  'New/Received': 'waiting',
  'Active/Accepted': 'open',
  'Closed/Won': 'won',
  'Closed/Lost': 'lost',
  'Closed/Declined': 'lost',
  'Closed/Expired': 'lost',
  'Closed/Error': 'lost',
}

export const phaseOf = (stage: Stage): Phase => PHASES[stage]
export const isClosed = (stage: Stage): boolean => stage.startsWith('Closed/')
// A list of literals is a list of strings; the guard itself is the check.
export const isStage = (text: string): text is Stage => (STAGES as readonly string[]).includes(text)

/** One-way doors, and the two moves that only a CRM knows (`qualify` a lead, `reopen` a closed record). */
export type Take = 'accept' | 'decline' | 'win' | 'lose' | 'share' | 'qualify' | 'reopen'

/** The stage a record shows after a step was taken on it; null where the step does not touch the stage. */
export function stageAfter(take: Take): Stage | null {
  switch (take) {
    case 'accept':
    case 'qualify':
    case 'reopen':
      return 'Active/Accepted'
    case 'decline':
      return 'Closed/Declined'
    case 'win':
      return 'Closed/Won'
    case 'lose':
      return 'Closed/Lost'
    case 'share':
      return null
  }
}
