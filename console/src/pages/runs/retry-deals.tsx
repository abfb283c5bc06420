import { api } from '../../api/client.js'
import { useFormat, useText } from '../../i18n/locale.js'
import { BulkDialog, type BulkItem } from '../../parts/bulk-dialog.js'

/** Works the given deals again, one after the other. */
export function RetryDeals({ items, onClose }: { readonly items: readonly BulkItem[]; readonly onClose: () => void }) {
  const { runs } = useText()
  const format = useFormat()
  return (
    <BulkDialog
      title={runs.retryChosenAsk(format.number(items.length))}
      explain={runs.retryAllExplain}
      action={runs.retryChosen}
      count={items.length}
      sample={items}
      items={() => Promise.resolve(items)}
      act={({ deal }) => api.retry(deal)}
      onClose={onClose}
    />
  )
}
