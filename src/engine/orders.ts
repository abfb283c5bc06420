import { VISIBILITY } from '../core/deal.js'
import { Fault } from '../core/fault.js'
import type { Link } from '../core/link.js'
import { legalOrder } from '../core/plan-stage.js'
import { stageAfter, type Take } from '../core/stage.js'

/** @throws Fault `rejected` for a step that this deal cannot take, as far as is known without asking. */
export function assertOrderable(link: Link, take: Take): void {
  if (link.ends.partner === null && take !== 'share') {
    throw new Fault('rejected', `Deal ${link.id} has no referral, so there is nothing to ${take}.`, {
      remedy: 'Share it first: set Sync with Partner Center = Yes on the record.',
    })
  }
  if (link.stage?.startsWith('Closed/') === true) {
    throw new Fault('rejected', `Deal ${link.id} is already closed (${link.stage}).`, { remedy: 'A closed referral takes no step any more.' })
  }
  if (take === 'share' && link.base?.partner[VISIBILITY] === true) {
    throw new Fault('rejected', `Deal ${link.id} is shared with Microsoft already.`, { remedy: 'Nothing to do.' })
  }
}

/** An order that was dropped because the referral does not allow it. @throws Fault `rejected` that says why; a deal that is there already is no refusal. */
export function assertCarriedOut(link: Link, take: Take): void {
  const { stage } = link
  if (stage === null || link.orders.some((order) => order.take === take) || stage === stageAfter(take)) return
  const why = legalOrder(take, stage)
  if (why === null || why === 'yes') return
  throw new Fault('rejected', `Deal ${link.id} was not changed. ${why}`, { remedy: 'See "cosell deals show DEAL --live".' })
}
