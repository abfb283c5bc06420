import { Fault, MALFORMED } from '../core/fault.js'

/** The parts of a mark that a list gave with its page, to continue after. @throws Fault `rejected` for anything else. */
export function readMark(mark: string, shape: RegExp): readonly string[] {
  const match = shape.exec(mark)
  if (match !== null) return match.slice(1)
  throw new Fault('rejected', 'The mark to continue after was not given by this list.', { remedy: 'Begin at the first page.', code: MALFORMED })
}
