import { api } from '../../api/client.js'
import { useFormat, useText } from '../../i18n/locale.js'
import { useAskBulk, type BulkItem } from '../../parts/bulk-dialog.js'

/** Asks about working the given deals again, one after the other. */
export function useRetryDeals(): (deals: readonly Pick<BulkItem, 'deal' | 'name'>[]) => void {
  const { runs } = useText()
  const format = useFormat()
  const ask = useAskBulk()
  return (deals) =>
    ask({
      title: runs.retryChosenAsk(format.number(deals.length)),
      explain: runs.retryAllExplain,
      action: runs.retryChosen,
      count: deals.length,
      sample: deals,
      items: () => Promise.resolve(deals.map((each) => ({ ...each, act: () => api.retry(each.deal) }))),
    })
}
