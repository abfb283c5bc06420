import { expect, test } from 'vitest'
import type { WireCall } from '../core/audit.js'
import { note, witnessed, type Seen } from './witness.js'

const seen = (path: string): Seen => ({
  system: 'Partner Center',
  method: 'PATCH',
  path,
  status: 200,
  ms: 3,
  requestId: 'r1',
  body: '[]',
  answer: Buffer.from('{}'),
})
const never = new AbortController().signal
const longAway = Number.POSITIVE_INFINITY
const quiet = { until: longAway, saw: () => undefined }

test('a piece of work learns of its own calls, and of none that others make meanwhile', async () => {
  const kept: Record<string, readonly WireCall[]> = {}
  const work = (name: string): Promise<void> =>
    witnessed(
      never,
      async (signal) => {
        note(signal, seen(`/${name}/1`))
        await new Promise(setImmediate)
        note(signal, seen(`/${name}/2`))
      },
      { until: longAway, saw: (calls) => (kept[name] = calls) },
    )
  await Promise.all([work('a'), work('b')])
  note(never, seen('/nobody'))
  expect(kept['a']?.map(({ path }) => path)).toEqual(['/a/1', '/a/2'])
  expect(kept['b']?.map(({ path }) => path)).toEqual(['/b/1', '/b/2'])
})

test('what was asked and answered is told also when the work fails', async () => {
  let kept: readonly WireCall[] = []
  const failing = witnessed(
    never,
    (signal) => {
      note(signal, seen('/a'))
      return Promise.reject(new Error('refused'))
    },
    { until: longAway, saw: (calls) => (kept = calls) },
  )
  await expect(failing).rejects.toThrow('refused')
  expect(kept).toMatchObject([{ path: '/a', asked: '[]', answered: '{}' }])
})

test('the work ends with the signal it was given', async () => {
  const controller = new AbortController()
  const ended = witnessed(controller.signal, (signal) => new Promise<boolean>((resolve) => signal.addEventListener('abort', () => resolve(true))), quiet)
  controller.abort()
  expect(await ended).toBe(true)
  expect(await witnessed(controller.signal, (signal) => Promise.resolve(signal.aborted), quiet)).toBe(true)
})
