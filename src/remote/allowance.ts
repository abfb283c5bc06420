/** What a remote system says of how much it may still be asked. `limit` null: it names only what is left. */
export interface Allowance {
  /** Calls of the last 24 hours; calls, or seconds of execution, of a short sliding window. */
  readonly name: 'daily-calls' | 'window-calls' | 'window-seconds'
  readonly left: number
  readonly limit: number | null
}

const numberIn = (text: string | undefined): number | null => {
  const value = text === undefined ? Number.NaN : Number(text.replaceAll(',', ''))
  return Number.isFinite(value) ? value : null
}

/**
 * Reads the allowances out of an answer's headers; names are lower case.
 * Sources: Salesforce REST API Developer Guide "Limit Info Header" (`api-usage=18/5000`); learn.microsoft.com "Service protection API limits",
 * where the two headers of Dataverse are described for debugging (both read 2023-10). Partner Center publishes none.
 */
export function allowancesOf(headers: Readonly<Record<string, string>>): Allowance[] {
  const allowances: Allowance[] = []
  const usage = /(?:^|[;,\s])api-usage=(\d+)\/(\d+)/.exec(headers['sforce-limit-info'] ?? '')
  if (usage !== null) allowances.push({ name: 'daily-calls', left: Math.max(0, Number(usage[2]) - Number(usage[1])), limit: Number(usage[2]) })
  const calls = numberIn(headers['x-ms-ratelimit-burst-remaining-xrm-requests'])
  if (calls !== null) allowances.push({ name: 'window-calls', left: calls, limit: null })
  const seconds = numberIn(headers['x-ms-ratelimit-time-remaining-xrm-requests'])
  if (seconds !== null) allowances.push({ name: 'window-seconds', left: seconds, limit: null })
  return allowances
}
