const unitMs: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 }
const longestMs = 366 * 86_400_000 // A year: anything longer is a slip of the keyboard, and timers do not reach that far.

/** Reads `30s`, `10m`, `2h` (also `500ms` and `1d`) as milliseconds; null when it is none of these. */
export function parseDuration(text: string): number | null {
  const match = /^(\d{1,9}(?:\.\d{1,3})?)\s*(ms|s|m|h|d)$/.exec(text.trim())
  const unit = match?.[2] === undefined ? undefined : unitMs[match[2]]
  if (match?.[1] === undefined || unit === undefined) return null
  const ms = Math.round(Number(match[1]) * unit)
  return ms <= longestMs ? ms : null
}

/** Writes milliseconds the way people write them: the largest unit that needs no fraction. */
export function formatDuration(ms: number): string {
  for (const unit of ['d', 'h', 'm', 's'] as const) {
    const size = unitMs[unit] ?? 1
    if (ms >= size && ms % size === 0) return `${ms / size}${unit}`
  }
  return `${ms}ms`
}
