import type { Allowance, ReadAllowances } from '../../remote/allowance.js'

/** Source: learn.microsoft.com "Service protection API limits", where the two headers are described for debugging (read 2023-10). */
export const dynamicsAllowances: ReadAllowances = (headers) => [
  ...left('window-calls', headers['x-ms-ratelimit-burst-remaining-xrm-requests']),
  ...left('window-seconds', headers['x-ms-ratelimit-time-remaining-xrm-requests']),
]

function left(name: Allowance['name'], text: string | undefined): readonly Allowance[] {
  const value = text === undefined ? Number.NaN : Number(text.replaceAll(',', ''))
  return Number.isFinite(value) ? [{ name, left: value, limit: null }] : []
}
