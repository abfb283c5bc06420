import { Fault } from '../core/fault.js'

/** A PostgreSQL server, or the way to it, that went away in the middle: the system's names, SQLSTATE classes 08, 57P and 53, and what the driver says. */
const codes = /^(ECONN(REFUSED|RESET|ABORTED)|ETIMEDOUT|EPIPE|ENOTFOUND|EAI_AGAIN|E(HOST|NET)UNREACH|08|57P|53)/
const texts = /^(Connection terminated|Client has encountered a connection error|Query read timeout|timeout expired|timeout exceeded when trying to connect)/

/** What a statement met that never got its answer, as a Fault: nothing of ours is wrong. Null: it is something else. */
export function lostServer(error: unknown): Fault | null {
  if (!(error instanceof Error)) return null
  const code = 'code' in error ? String(error.code) : ''
  if (!codes.test(code) && !texts.test(error.message)) return null
  return new Fault('offline', `The connection to the PostgreSQL store was lost: ${error.message || code}.`, { remedy: 'Nothing to do where its server comes back by itself: it is tried again.', cause: error })
}
