import { expect, it } from 'vitest'
import { memoryStore } from '../../test/support/memory-store.js'
import { engineClock, runWithClock } from '../../test/simulation/hand-clock.js'
import { Fault } from '../core/fault.js'
import { handClock } from '../sandbox/clock.js'
import { customerGuard } from './customer-guard.js'

const never = new AbortController().signal

const world = () => {
  const hand = handClock(Date.UTC(2026, 10, 1))
  let ids = 0
  const store = memoryStore({ random: () => 0.5 })
  const guard = customerGuard(store, engineClock(hand), () => `worker-${(ids += 1)}`)
  return { hand, guard: <T>(key: string, work: Parameters<typeof guard<T>>[1], signal = never) => guard(key, work, signal) }
}

it('[R10] lets one worker at a time look for a customer and make it', async () => {
  const { hand, guard } = world()
  const order: string[] = []
  const one = guard('contoso', async (stillAlone) => {
    order.push('one looks')
    await new Promise<void>((resolve) => void hand.at(hand.now() + 500, resolve))
    await stillAlone()
    order.push('one makes')
  })
  const two = guard('contoso', async (stillAlone) => {
    order.push('two looks')
    await stillAlone()
  })
  await runWithClock(hand, Promise.all([one, two]))
  expect(order).toEqual(['one looks', 'one makes', 'two looks'])
})

it('[R10] tells a worker that slept past its turn, also when the other is done already', async () => {
  const { hand, guard } = world()
  const slept = guard('contoso', async (stillAlone) => {
    hand.advance(70_000)
    await guard('contoso', () => Promise.resolve('made by another'))
    await stillAlone()
  })
  await expect(slept).rejects.toMatchObject({ kind: 'offline', message: expect.stringContaining('slept') as string })
})

it('[R2] [R10] what was made is known as made although the store does not answer when the customer is let go', async () => {
  const store = memoryStore({ random: () => 0.5 })
  const silent = { ...store, unclaim: () => Promise.reject(new Fault('offline', 'the store did not answer', { remedy: 'Wait.' })) }
  const clock = { now: () => 1_000, sleep: () => Promise.resolve() }
  const guard = customerGuard(silent, clock, () => 'token')
  expect(await guard('nordwind', () => Promise.resolve('made'), never)).toBe('made')
  const refused = new Fault('rejected', 'no', { remedy: 'Correct it.' })
  await expect(guard('nordwind', () => Promise.reject(refused), never)).rejects.toBe(refused)
})

it('lets a worker go that is told to stop while it waits for its turn', async () => {
  const { hand, guard } = world()
  const stop = new AbortController()
  const makes = guard('contoso', () => new Promise<void>((resolve) => void hand.at(hand.now() + 5_000, resolve)))
  const waits = guard('contoso', () => Promise.resolve(), stop.signal)
  const began = hand.now()
  hand.at(began + 500, () => stop.abort())
  await runWithClock(hand, expect(waits).rejects.toMatchObject({ kind: 'offline' }))
  expect(hand.now() - began).toBeLessThan(1_000)
  await runWithClock(hand, makes)
})
