import { useText } from '../i18n/locale.js'
import { useSentence } from './sentence.js'

/** Why a deal was worked, in a person's words. The service says it in fixed words, or by the name of the event. */
export function useBecause(): (because: string) => string {
  const { words, events, runs } = useText()
  const takes: Readonly<Record<string, string>> = events.takes
  const say = useSentence()
  return (because) => {
    const order = /^ordered: (\w+)$/.exec(because)?.[1]
    if (order !== undefined) return words.ordered(takes[order] ?? order)
    const solution = /^\w*solution (Create|Update|Delete)$/i.exec(because)?.[1]
    if (solution !== undefined) return words.because[`solution ${solution}`] ?? because
    return words.because[because] ?? (because === '' ? runs.worked : say(because))
  }
}

/** Who recorded something: the two systems by their names, people by theirs. */
export function useWho(): (by: string) => string {
  const { words } = useText()
  const say = useSentence()
  return (by) => words.sources[by] ?? say(by)
}
