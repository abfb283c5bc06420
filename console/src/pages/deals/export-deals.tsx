import { Button } from '@fluentui/react-components'
import { useMutation } from '@tanstack/react-query'
import { useState } from 'react'
import { api } from '../../api/client.js'
import type { DealsSearch } from '../../app/search.js'
import { useFormat, useText } from '../../i18n/locale.js'
import { csv, save } from '../../lib/csv.js'
import { everything } from '../../lib/everything.js'
import { Icon } from '../../parts/icon.js'

const pageSize = 1_000
const COLUMNS = [
  'id',
  'name',
  'kind',
  'state',
  'referralId',
  'engagementId',
  'crmId',
  'crmEntity',
  'status',
  'substatus',
  'lastSyncedAt',
  'problem',
] as const

/** Every deal that the filters leave, in the columns that the command line prints. */
export function ExportDeals({ search, total }: { readonly search: DealsSearch; readonly total: number }) {
  const { deals: text, common } = useText()
  const format = useFormat()
  const [done, setDone] = useState(0)
  const exporting = useMutation({
    mutationFn: () =>
      everything(async (after) => {
        const page = await api.deals(search, { limit: pageSize, after })
        return { rows: page.deals, next: page.next }
      }, setDone),
    onSuccess: (rows) => save('deals.csv', csv([COLUMNS, ...rows.map((row) => COLUMNS.map((column) => row[column]))])),
  })
  return (
    <Button icon={<Icon name="download" />} disabled={total === 0 || exporting.isPending} onClick={() => exporting.mutate()}>
      {exporting.isPending ? text.exporting(format.number(done), format.number(total)) : common.actions.export}
    </Button>
  )
}
