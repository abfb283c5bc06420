import { fork, type ChildProcess } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import type { Questions } from './simulators.js'

/** The simulators in their own process, asked over its channel. */
export interface Simulators {
  ask<K extends keyof Questions>(name: K, ...input: Parameters<Questions[K]>): Promise<ReturnType<Questions[K]>>
  close(): void
}

interface Answer {
  readonly id?: number
  readonly answer?: unknown
  readonly error?: string
}

export async function startSimulators(seed: number): Promise<Simulators> {
  const child = fork(fileURLToPath(new URL('simulators.ts', import.meta.url)), [String(seed)], { execArgv: ['--import', 'tsx'] })
  const waiting = new Map<number, { resolve: (value: never) => void; reject: (error: Error) => void }>()
  let next = 0
  await ready(child)
  child.on('message', ({ id, answer, error }: Answer) => {
    const asked = waiting.get(id ?? -1)
    waiting.delete(id ?? -1)
    if (error === undefined) asked?.resolve(answer as never)
    else asked?.reject(new Error(`The simulators: ${error}`))
  })
  child.on('exit', () => {
    for (const asked of waiting.values()) asked.reject(new Error('The simulators ended.'))
  })
  return {
    ask: (name, ...input) =>
      new Promise((resolve, reject) => {
        next += 1
        waiting.set(next, { resolve, reject })
        child.send({ id: next, name, input: input[0] })
      }),
    close: () => void child.kill('SIGKILL'),
  }
}

const ready = (child: ChildProcess): Promise<void> =>
  new Promise((resolve, reject) => {
    child.once('message', () => resolve())
    child.once('exit', (code) => reject(new Error(`The simulators did not start (exit ${String(code)}).`)))
  })
