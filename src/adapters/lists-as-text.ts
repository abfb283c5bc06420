import { itemKey, type Person, type Solution } from '../core/deal.js'

const clean = (text: string | null): string => (text ?? '').replace(/[<>\r\n]+/g, ' ').replace(/\s+/g, ' ').trim()

/** One person per line: `Kim Lee <kim@fabrikam.example> +49 1`. For columns that show a list to people. */
export function peopleText(people: readonly Person[]): string | null {
  const lines = people.map((person) => {
    const name = [clean(person.firstName), clean(person.lastName)].filter((part) => part !== '').join(' ')
    return [name, `<${clean(person.email)}>`, clean(person.phone)].filter((part) => part !== '').join(' ')
  })
  return lines.length === 0 ? null : lines.join('\n')
}

/** The last word of a name is the last name, which is all that a written name can tell. */
export function peopleIn(text: string | null): Person[] {
  const people = (text ?? '').split('\n').flatMap((line): Person[] => {
    const found = /^([^<]*)<([^>]*)>(.*)$/.exec(line.trim())
    const email = found?.[2]?.trim() ?? ''
    if (found === null || email === '') return []
    const words = (found[1] ?? '').trim().split(/\s+/).filter((word) => word !== '')
    const lastName = words.pop() ?? null
    const phone = (found[3] ?? '').trim()
    return [{ email, firstName: words.length === 0 ? null : words.join(' '), lastName, phone: phone === '' ? null : phone }]
  })
  return unique(people)
}

/** Solution ids as the connector of 2020 kept them: typed by hand, separated in any way. */
export const solutionsText = (solutions: readonly Solution[]): string | null => (solutions.length === 0 ? null : solutions.map(({ id }) => clean(id)).join(', '))
export const solutionsIn = (text: string | null): Solution[] =>
  unique((text ?? '').split(/[,;\s]+/).flatMap((id): Solution[] => (id === '' ? [] : [{ id, name: null }])))

/** Lists are sets by key: the first of several with one key stands. */
export function unique<T extends Person | Solution>(items: readonly T[]): T[] {
  const seen = new Map<string, T>()
  for (const item of items) if (!seen.has(itemKey(item))) seen.set(itemKey(item), item)
  return [...seen.values()]
}
