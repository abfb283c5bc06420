import { subscribe } from 'node:diagnostics_channel'
import { setTimeout as sleep } from 'node:timers/promises'

const calmLooks = 2
const lookEveryMs = 1
const longestMs = 20_000

/** Watches what this process has under way: calls out, requests in, files being written. Has to be asked for before the first of them. */
export function settling(): () => Promise<void> {
  let underWay = 0
  const counts = (channel: string, by: number): void => void subscribe(channel, () => (underWay += by))
  counts('undici:request:create', 1)
  counts('undici:request:trailers', -1)
  counts('undici:request:error', -1)
  counts('http.server.request.start', 1)
  counts('http.server.response.finish', -1)
  const isBusy = (): boolean => underWay > 0 || process.getActiveResourcesInfo().some((name) => name.startsWith('FSReq'))
  /** Resolves when nothing was under way for some turns of the loop. */
  return async () => {
    const until = performance.now() + longestMs
    for (let calm = 0; calm < calmLooks && performance.now() < until; ) {
      await sleep(lookEveryMs)
      calm = isBusy() ? 0 : calm + 1
    }
  }
}
