const furthest = 6 // More edits than this and a suggestion would be a guess.

function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index)
  for (let i = 1; i <= a.length; i++) {
    const next = [i]
    for (let j = 1; j <= b.length; j++) {
      const substitution = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1)
      next.push(Math.min((row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1, substitution))
    }
    row = next
  }
  return row[b.length] ?? 0
}

/** The known name that a mistyped one most likely meant, or null. */
export function nearest(name: string, known: Iterable<string>): string | null {
  const wanted = name.toLowerCase().slice(0, 200)
  let best: string | null = null
  let editsBelow = Math.min(furthest, Math.ceil(wanted.length / 2)) + 1
  for (const candidate of known) {
    const lower = candidate.toLowerCase()
    const isLastPart = lower.endsWith(`.${wanted}`)
    // Names of very different lengths are as many edits apart at least.
    if (!isLastPart && Math.abs(lower.length - wanted.length) >= editsBelow) continue
    const edits = isLastPart ? 1 : distance(wanted, lower)
    if (edits >= editsBelow) continue
    best = candidate
    editsBelow = edits
  }
  return best
}

export function didYouMean(name: string, known: Iterable<string>): string {
  const suggestion = nearest(name, known)
  return suggestion === null ? '' : ` Did you mean "${suggestion}"?`
}
