import { execFileSync } from 'node:child_process'
import { expect, it } from 'vitest'

// Some sixty megabytes that live, and ten times as much that dies after it has become old.
const program = `
const { keepHeapSmall } = await import('./src/heap.ts')
keepHeapSmall()
const record = (n) => ({ n, values: Array.from({ length: 30 }, (_, at) => n + at) })
const living = Array.from({ length: 120_000 }, (_, n) => record(n))
const passing = []
let most = 0
for (let n = 0; n < 1_500_000; n += 1) {
  passing[n % 30_000] = record(n)
  if (n % 10_000 === 0) most = Math.max(most, process.memoryUsage().heapTotal)
}
console.log(living.length, Math.round(most / 1_048_576))
`

it('lets the heap grow by about half of what lives in it, not to several times that', () => {
  const out = execFileSync(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', program], { encoding: 'utf8' })
  const mostMb = Number(out.trim().split(' ').at(-1))
  expect(mostMb).toBeGreaterThan(40)
  expect(mostMb).toBeLessThan(190) // 130; without it 260.
})
