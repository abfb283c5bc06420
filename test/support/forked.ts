import { fork, type ChildProcess } from 'node:child_process'

// What a child answers: functions of at most one argument, asked by name over the channel of `fork`.
type Answers<Q> = { readonly [K in keyof Q]: (input: any) => unknown }

/** A process of its own that is asked things. */
export interface Forked<Q extends Answers<Q>> {
  ask<K extends keyof Q>(name: K, ...input: Parameters<Q[K]>): Promise<Awaited<ReturnType<Q[K]>>>
  readonly pid: number
  close(): void
}

interface Answer {
  readonly id?: number
  readonly answer?: unknown
  readonly error?: string
}

/** Runs a TypeScript file that ends in `answering(…)`. */
export async function forked<Q extends Answers<Q>>(file: string, ...args: readonly string[]): Promise<Forked<Q>> {
  const child = fork(file, args, { execArgv: ['--import', 'tsx'] })
  const waiting = new Map<number, { resolve: (value: never) => void; reject: (error: Error) => void }>()
  let next = 0
  await ready(child)
  child.on('message', ({ id, answer, error }: Answer) => {
    const asked = waiting.get(id ?? -1)
    waiting.delete(id ?? -1)
    if (error === undefined) asked?.resolve(answer as never)
    else asked?.reject(new Error(`In ${file}: ${error}`))
  })
  child.on('exit', () => {
    for (const asked of waiting.values()) asked.reject(new Error(`${file} ended.`))
  })
  return {
    ask: (name, ...input) =>
      new Promise((resolve, reject) => {
        next += 1
        waiting.set(next, { resolve, reject })
        child.send({ id: next, name, input: input[0] as unknown })
      }),
    pid: child.pid ?? 0,
    close: () => void child.kill('SIGKILL'),
  }
}

const ready = (child: ChildProcess): Promise<void> =>
  new Promise((resolve, reject) => {
    child.once('message', () => resolve())
    child.once('exit', (code) => reject(new Error(`The child did not start (exit ${String(code)}).`)))
  })

/** The child's side: answers until the parent goes. */
export function answering<Q extends Answers<Q>>(questions: Q): void {
  process.on('message', ({ id, name, input }: { id: number; name: keyof Q; input: never }) => {
    const answer = async (): Promise<unknown> => questions[name]?.(input) ?? null
    answer().then(
      (value) => process.send?.({ id, answer: value }),
      (error: unknown) => process.send?.({ id, error: error instanceof Error ? (error.stack ?? error.message) : String(error) }),
    )
  })
  process.on('disconnect', () => process.exit(0))
  process.send?.({ ready: true })
}
