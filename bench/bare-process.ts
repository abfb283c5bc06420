import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { residentMb } from './load.js'

/** A Node process that only answers HTTP: the least that any service on Node takes to start and to hold. */
export async function bareProcess(): Promise<{ readonly readyMs: number; readonly residentMb: number; close(): void }> {
  const server = "require('node:http').createServer((_, answer) => answer.end()).listen(0, '127.0.0.1', () => console.log('ready'))"
  const startedAt = performance.now()
  const child = spawn(process.execPath, ['-e', server], { stdio: ['ignore', 'pipe', 'inherit'] })
  await once(child.stdout, 'data')
  return { readyMs: performance.now() - startedAt, residentMb: residentMb(child.pid ?? 0), close: () => void child.kill() }
}
