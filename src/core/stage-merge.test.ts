import { describe, expect, test } from 'vitest'
import { mergeStage, type StageInput, type StageMove } from './stage-merge.js'
import { isClosed, phaseOf, stageAfter, STAGES, type Phase, type Stage, type Take } from './stage.js'

/** One stage for each phase, as a deal would show it. */
const stageOf: Record<Phase, Stage> = { waiting: 'New/Pending', open: 'Active/Accepted', won: 'Closed/Won', lost: 'Closed/Lost' }
const phases = Object.keys(stageOf) as Phase[] // the keys of a literal are its own names
type Kind = StageInput['crmKind']

const move = (partner: Stage, crm: Stage, over: Partial<StageInput>): StageMove =>
  mergeStage({ partner, crm, partnerChanged: false, crmChanged: false, partnerAsCrm: partner, crmKind: 'opportunity', ...over })

function told(made: StageMove): string {
  if (made.kind === 'step')
    return `${made.side} ${made.take}${made.via === null ? '' : `, by way of ${made.via}`}${made.lost ? ', the other move is overruled' : ''}`
  if (made.kind === 'hold') return `held (${made.code})`
  return made.kind === 'patch' ? `crm := ${made.stage}` : made.kind
}

type Table = Record<Kind, Record<Phase, Record<Phase, string>>>

/** The partner moved to the row's phase while the CRM shows the column's. */
const partnerMoved: Table = {
  opportunity: {
    waiting: { waiting: 'adopt', open: 'adopt', won: 'adopt', lost: 'adopt' },
    open: { waiting: 'crm := Active/Accepted', open: 'adopt', won: 'held (conflict)', lost: 'held (conflict)' },
    won: { waiting: 'crm win', open: 'crm win', won: 'adopt', lost: 'held (conflict)' },
    lost: { waiting: 'crm lose', open: 'crm lose', won: 'held (conflict)', lost: 'adopt' },
  },
  lead: {
    waiting: { waiting: 'adopt', open: 'adopt', won: 'adopt', lost: 'adopt' },
    open: { waiting: 'crm qualify', open: 'adopt', won: 'held (conflict)', lost: 'held (conflict)' },
    won: {
      waiting: 'crm qualify, by way of Active/Accepted',
      open: 'crm qualify, by way of Active/Accepted',
      won: 'adopt',
      lost: 'held (conflict)',
    },
    lost: { waiting: 'crm decline', open: 'crm decline', won: 'held (conflict)', lost: 'adopt' },
  },
}
/** The CRM moved to the column's phase while the partner shows the row's. */
const crmMoved: Table = {
  opportunity: {
    waiting: { waiting: 'adopt', open: 'partner accept', won: 'partner accept, by way of Active/Accepted', lost: 'partner decline' },
    open: { waiting: 'adopt', open: 'adopt', won: 'partner win', lost: 'partner lose' },
    won: { waiting: 'held (reopened)', open: 'held (reopened)', won: 'adopt', lost: 'held (conflict)' },
    lost: { waiting: 'held (reopened)', open: 'held (reopened)', won: 'held (conflict)', lost: 'adopt' },
  },
  lead: {
    // An open lead is a lead in work: only qualifying it answers the referral, and then it is an opportunity.
    waiting: { waiting: 'adopt', open: 'adopt', won: 'partner accept, by way of Active/Accepted', lost: 'partner decline' },
    open: { waiting: 'adopt', open: 'adopt', won: 'partner win', lost: 'partner lose' },
    won: { waiting: 'held (reopened)', open: 'held (reopened)', won: 'adopt', lost: 'held (conflict)' },
    lost: { waiting: 'held (reopened)', open: 'held (reopened)', won: 'held (conflict)', lost: 'adopt' },
  },
}
/** Both moved to what the row (partner) and the column (CRM) say. */
const overruled = ', the other move is overruled'
const bothMoved: Table = {
  opportunity: {
    waiting: {
      waiting: 'adopt',
      open: `partner accept${overruled}`,
      won: `partner accept, by way of Active/Accepted${overruled}`,
      lost: `partner decline${overruled}`,
    },
    open: { waiting: 'crm := Active/Accepted', open: 'adopt', won: `partner win${overruled}`, lost: `partner lose${overruled}` },
    won: { waiting: `crm win${overruled}`, open: `crm win${overruled}`, won: 'adopt', lost: 'held (conflict)' },
    lost: { waiting: `crm lose${overruled}`, open: `crm lose${overruled}`, won: 'held (conflict)', lost: 'adopt' },
  },
  lead: {
    waiting: {
      waiting: 'adopt',
      open: 'adopt',
      won: `partner accept, by way of Active/Accepted${overruled}`,
      lost: `partner decline${overruled}`,
    },
    open: { waiting: `crm qualify${overruled}`, open: 'adopt', won: `partner win${overruled}`, lost: `partner lose${overruled}` },
    won: {
      waiting: `crm qualify, by way of Active/Accepted${overruled}`,
      open: `crm qualify, by way of Active/Accepted${overruled}`,
      won: 'adopt',
      lost: 'held (conflict)',
    },
    lost: { waiting: `crm decline${overruled}`, open: `crm decline${overruled}`, won: 'held (conflict)', lost: 'adopt' },
  },
}

const tables = {
  'the partner moved': [partnerMoved, { partnerChanged: true }],
  'the CRM moved': [crmMoved, { crmChanged: true }],
  'both moved': [bothMoved, { partnerChanged: true, crmChanged: true }],
} as const

describe('[R21] every phase of one side × every phase of the other', () => {
  for (const [who, [table, changed]] of Object.entries(tables)) {
    for (const kind of ['opportunity', 'lead'] as const) {
      for (const partner of phases) {
        for (const crm of phases) {
          test(`${who}: ${partner} there, ${crm} in the CRM (${kind})`, () => {
            expect(told(move(stageOf[partner], stageOf[crm], { ...changed, crmKind: kind }))).toBe(table[kind][partner][crm])
          })
        }
      }
    }
  }
})

const legalFrom: Record<Exclude<Take, 'share'>, readonly Phase[]> = {
  accept: ['waiting'],
  decline: ['waiting', 'open'],
  win: ['waiting', 'open'],
  lose: ['waiting', 'open'],
  qualify: ['waiting', 'open'],
  reopen: ['won', 'lost'],
}
const every = STAGES.flatMap((partner) =>
  STAGES.flatMap((crm) => (['opportunity', 'lead'] as const).map((crmKind) => ({ partner, crm, crmKind }))),
)
const moved = [{ partnerChanged: true }, { crmChanged: true }, { partnerChanged: true, crmChanged: true }]

test('[R8] no door is passed when nobody moved, whatever the two show', () => {
  for (const { partner, crm, crmKind } of every) expect(move(partner, crm, { crmKind })).toEqual({ kind: 'none' })
})

test('[R8] a door is only passed towards where a person of the other side stands, and only where it is legal', () => {
  for (const { partner, crm, crmKind } of every) {
    for (const changed of moved) {
      const made = move(partner, crm, { crmKind, ...changed })
      if (made.kind !== 'step' || made.take === 'share') continue
      const [target, source] = made.side === 'partner' ? [partner, crm] : [crm, partner]
      expect(legalFrom[made.take], `${made.side} ${made.take} from ${target}`).toContain(phaseOf(target))
      // Partner Center takes `decline` for an unanswered and `win`, `lose` for an accepted referral only.
      if (made.side === 'partner') expect(phaseOf(target)).toBe(made.take === 'accept' || made.take === 'decline' ? 'waiting' : 'open')
      const after = stageAfter(made.take)
      if (after !== null && isClosed(after)) expect(phaseOf(after)).toBe(phaseOf(source))
    }
  }
})

test('[R21] won against lost is held, whoever moved', () => {
  for (const changed of moved) {
    expect(move('Closed/Won', 'Closed/Lost', changed).kind).toBe('hold')
    expect(move('Closed/Lost', 'Closed/Won', changed).kind).toBe('hold')
  }
})
