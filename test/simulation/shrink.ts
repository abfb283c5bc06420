import { runCase, type Case } from './run-seed.js'
import { calmer } from './weather.js'

const runsMost = 300 // Some minutes at the most; what is left then is small enough to read.

/**
 * The same failure with as little as possible around it: acts are left out, half of them at first and then one by one, and every kind of fault
 * that it does not need. Smaller cases play differently, so that each is tried, and kept only when the same thing fails.
 */
export async function shrunk(given: Case): Promise<Case> {
  const wanted = new Set((await runCase(given)).violations.map(({ invariant }) => invariant))
  let best = given
  let runs = 0
  const fails = async (smaller: Case): Promise<boolean> => {
    if (runs >= runsMost) return false
    runs += 1
    const { violations } = await runCase(smaller)
    if (!violations.some(({ invariant }) => wanted.has(invariant))) return false
    best = smaller
    return true
  }
  for (let before: Case | null = null; before !== best && runs < runsMost; ) {
    before = best
    for (const weather of calmer(best.weather)) if (await fails({ ...best, weather })) break
    if (best.script.crowd !== null) await fails({ ...best, script: { ...best.script, crowd: null } })
    if (best.script.legacy.length > 0) await fails({ ...best, script: { ...best.script, legacy: [] } })
    for (let size = Math.ceil(best.script.acts.length / 2); size >= 1; size = Math.floor(size / 2)) {
      for (let start = 0; start < best.script.acts.length; ) {
        const acts = best.script.acts.filter((_, index) => index < start || index >= start + size)
        if (acts.length === 0 || !(await fails({ ...best, script: { ...best.script, acts } }))) start += size
      }
    }
  }
  return best
}
