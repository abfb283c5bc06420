import type { ReadAllowances } from '../../remote/allowance.js'

/** Source: REST API Developer Guide, "Limit Info Header": `api-usage=18/5000` (read 2023-10). */
export const salesforceAllowances: ReadAllowances = (headers) => {
  const [, used, most] = /(?:^|[;,\s])api-usage=(\d+)\/(\d+)/.exec(headers['sforce-limit-info'] ?? '') ?? []
  return most === undefined ? [] : [{ name: 'daily-calls', left: Math.max(0, Number(most) - Number(used)), limit: Number(most) }]
}
