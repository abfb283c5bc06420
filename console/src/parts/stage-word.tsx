import { useText } from '../i18n/locale.js'

/** The stage of a deal in a person's words; a stage that we do not know is shown as it is. */
export function useStageWord(): (status: string | null, substatus: string | null) => string | null {
  const { common } = useText()
  return (status, substatus) => {
    if (status === null) return null
    const stages: Readonly<Record<string, string>> = common.stages
    return stages[`${status}/${substatus ?? ''}`] ?? [status, substatus].filter((part) => part !== null).join(' / ')
  }
}

export function StageWord({ status, substatus }: { readonly status: string | null; readonly substatus: string | null }) {
  const word = useStageWord()(status, substatus)
  return word === null ? <span className="muted">–</span> : <>{word}</>
}

/** What Microsoft says of a deal, by the status of its own referral. */
export function useWordOfMicrosoft(): (status: string) => string {
  const { common } = useText()
  const words: Readonly<Record<string, string>> = common.microsoft
  return (status) => words[status] ?? status
}

/** The same with its name; nothing for a deal that Microsoft does not know. */
export function useMicrosoftWord(): (status: string | null) => string | null {
  const { common } = useText()
  const word = useWordOfMicrosoft()
  return (status) => (status === null ? null : common.microsoftSays(word(status)))
}
