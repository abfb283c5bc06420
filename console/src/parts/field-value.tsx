import type { FieldValue, Person, Solution } from '../api/types.js'
import { useFormat, useText } from '../i18n/locale.js'
import { useStageWord, useWordOfMicrosoft } from './stage-word.js'

/** What a field is called. Fields that a newer service knows are shown by their path. */
export function useFieldName(): (field: string) => string {
  const { fields } = useText()
  const names: Readonly<Record<string, string>> = fields
  return (field) => names[field] ?? field
}

const isPerson = (item: Person | Solution): item is Person => 'email' in item

function personText({ firstName, lastName, email, phone }: Person): string {
  const name = [firstName, lastName].filter((part) => part !== null && part !== '').join(' ')
  return [name, email, phone].filter((part) => part !== null && part !== '').join(' · ')
}
const solutionText = ({ id, name }: Solution): string => (name === null ? id : `${name} (${id})`)

/** A value as text in the person's language. `undefined`: this side does not show the field. */
export function useValueText(): (field: string, value: FieldValue | undefined, currency?: FieldValue | undefined) => string {
  const format = useFormat()
  const { common, words } = useText()
  const stageWord = useStageWord()
  const wordOfMicrosoft = useWordOfMicrosoft()
  return (field, value, currency) => {
    if (value === undefined) return common.words.notShown
    if (value === null || value === '') return common.words.empty
    if (typeof value === 'boolean') return value ? common.words.yes : common.words.no
    if (typeof value === 'number')
      return field === 'details.dealValue' ? format.money(value, typeof currency === 'string' ? currency : null) : format.number(value)
    if (typeof value === 'string') {
      if (field === 'microsoft.status') return wordOfMicrosoft(value)
      if (field === 'status') return stageWord(value.split('/')[0] ?? null, value.split('/')[1] ?? null) ?? value
      if (words.values[field]?.[value] !== undefined) return words.values[field][value]
      if (field === 'customerProfile.address.country') return format.country(value)
      return /^\d{4}-\d{2}-\d{2}(T|$)/.test(value) ? format.day(value) : value
    }
    if (value.length === 0) return common.words.none
    return value.map((item) => (isPerson(item) ? personText(item) : solutionText(item))).join('\n')
  }
}

interface Props {
  readonly field: string
  readonly value: FieldValue | undefined
  readonly currency?: FieldValue | undefined
}

/** A value as people read it; emptiness and absence in a muted word. */
export function FieldText({ field, value, currency }: Props) {
  const text = useValueText()(field, value, currency)
  const isNothing = value === undefined || value === null || value === '' || (Array.isArray(value) && value.length === 0)
  return <span className={isNothing ? 'value value--nothing' : 'value'}>{text}</span>
}
