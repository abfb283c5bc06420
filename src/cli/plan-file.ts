import { readFileSync } from 'node:fs'
import { OPERATIONS, type PlanDocument } from '../assemble.js'
import { Fault } from '../core/fault.js'

/** The plan in a file that `cosell plan --out` wrote. @throws Fault `misconfigured` for a file that holds none. */
export function planIn(file: string): PlanDocument {
  const plan = jsonIn(file)
  const checked = OPERATIONS.find(({ name }) => name === 'apply')?.input.safeParse({ plan })
  if (checked?.success === true) return plan as PlanDocument // checked by the schema of the operation that takes it
  const [issue] = checked?.error.issues ?? []
  throw noPlan(file, issue === undefined ? 'it is empty' : `${issue.path.slice(1).join('.') || 'the whole of it'}: ${issue.message}`)
}

function jsonIn(file: string): unknown {
  const text = readFileSync(file, 'utf8')
  try {
    return JSON.parse(text)
  } catch (error) {
    throw noPlan(file, error instanceof Error ? error.message : String(error))
  }
}

const noPlan = (file: string, why: string): Fault =>
  new Fault('misconfigured', `${file} is no plan (${why}).`, { remedy: 'Make one with "cosell plan --out FILE".' })
