import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { crmCard, referralCard, type CrmCard, type ReferralCard } from '../../api/desk.js'
import { useSay } from '../../parts/use-say.js'

export interface Chosen {
  readonly referralId: string | null
  readonly crmId: string | null
  readonly table: 'opportunity' | 'lead'
}
export interface Cards {
  readonly crm: CrmCard | null
  readonly referral: ReferralCard | null
  /** When a person last changed something here, while it has not arrived. */
  readonly sentAt: number | null
  readonly seenAt: number
  readonly busy: boolean
  /** Lets a person do something, and begins to time its way. */
  readonly perform: (deed: () => Promise<unknown>) => void
}

const lookEveryMs = 500

/** Both records as they are now, looked at twice a second: the page shows a journey. */
export function useCards({ referralId, crmId, table }: Chosen): Cards {
  const client = useQueryClient()
  const say = useSay()
  const [sentAt, setSentAt] = useState<number | null>(null)
  const crm = useQuery({
    queryKey: ['desk', table, crmId],
    queryFn: ({ signal }) => (crmId === null ? Promise.resolve(null) : crmCard(table, crmId, signal)),
    refetchInterval: lookEveryMs,
    retry: false,
  })
  const referral = useQuery({
    queryKey: ['desk', 'referral', referralId],
    queryFn: ({ signal }) => (referralId === null ? Promise.resolve(null) : referralCard(referralId, signal)),
    refetchInterval: lookEveryMs,
    retry: false,
  })
  const doing = useMutation({
    mutationFn: async (deed: () => Promise<unknown>) => {
      const begun = Date.now()
      await deed()
      // What was changed is seen here before its arrival there can be.
      await client.invalidateQueries({ queryKey: ['desk'] })
      setSentAt(begun)
    },
    onError: say.failed,
  })
  return {
    crm: crm.data ?? null,
    referral: referral.data ?? null,
    sentAt,
    seenAt: Math.max(crm.dataUpdatedAt, referral.dataUpdatedAt),
    busy: doing.isPending,
    perform: (deed) => doing.mutate(deed),
  }
}

/** What both cards show in common. The stage is compared as open, won or lost. */
export function sameOnBoth({ crm, referral }: Pick<Cards, 'crm' | 'referral'>): boolean {
  if (crm === null || referral === null) return false
  if (crm.table === 'lead') return true
  const phase = referral.status !== 'Closed' ? '0' : referral.substatus === 'Won' ? '1' : '2'
  return (
    crm.value === referral.value &&
    crm.close === referral.close &&
    (crm.description ?? '') === (referral.notes ?? '') &&
    crm.state === phase &&
    crm.visible === referral.shared
  )
}
