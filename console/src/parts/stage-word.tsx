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
