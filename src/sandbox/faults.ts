import type { SandboxRng } from './rng.js'

/**
 * Faults a person or a seed may inject into any simulated system. Each rate is a probability per request, 0 = never.
 * `matching` limits a rule to requests whose "METHOD path" matches.
 */
export type FaultKind = 'throttle' | 'unavailable' | 'server-error' | 'bad-gateway-html' | 'page-instead' | 'page-refusal' | 'drop-before' | 'drop-after' | 'slow'

export interface FaultRule {
  readonly kind: FaultKind
  readonly rate: number
  readonly matching?: RegExp
  /** Seconds of `Retry-After` for throttle and unavailable; milliseconds of delay for `slow`; the status of a `page-refusal`, else 400. */
  readonly amount?: number
  /** The rule ends after this many hits. */
  readonly times?: number
}

export interface Faults {
  set(rules: readonly FaultRule[]): void
  clear(): void
  /** Draws at most one fault for a request. */
  draw(request: { method: string; path: string }): FaultRule | undefined
}

export function faults(rng: SandboxRng): Faults {
  let active: { rule: FaultRule; left: number }[] = []
  return {
    set(rules) {
      active = rules.map((rule) => ({ rule, left: rule.times ?? Number.POSITIVE_INFINITY }))
    },
    clear() {
      active = []
    },
    draw({ method, path }) {
      for (const entry of active) {
        if (entry.left <= 0) continue
        if (entry.rule.matching && !entry.rule.matching.test(`${method} ${path}`)) continue
        if (!rng.chance(entry.rule.rate)) continue
        entry.left -= 1
        return entry.rule
      }
      return undefined
    },
  }
}
