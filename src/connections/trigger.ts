import { z } from 'zod'
import type { Config } from '../config/index.js'
import { Fault, NOT_OFFERED } from '../core/fault.js'
import { isLoopback, type Transport } from '../remote/transport.js'

const patienceMs = 10_000

/** An event that was asked for, and where it goes. */
export interface Triggered {
  readonly event: string
  readonly referral: string
  readonly url: string
}

export interface Triggering {
  readonly config: Config
  readonly transport: Transport
  readonly signal: AbortSignal
}

/**
 * Has the simulated Partner Center send one signed event about a referral to this service.
 * @throws Fault `misconfigured` when Partner Center is the real one, `offline` when no simulator answers, `rejected` for an event it does not know
 */
export async function trigger({ config, transport, signal }: Triggering, event: string, referral: string): Promise<Triggered> {
  const { referralsUrl } = config.partnerCenter
  const { publicUrl, listen } = config.server
  if (!isLocal(referralsUrl))
    throw new Fault('misconfigured', `"trigger" works with the sandbox only, and ${referralsUrl} is not on this machine.`, {
      remedy: 'A real test event: cosell webhook test.',
      code: NOT_OFFERED,
    })
  const own = publicUrl !== null && isLocal(publicUrl) ? publicUrl : `http://127.0.0.1:${listen.port}`
  const url = `${own.replace(/\/+$/, '')}/hooks/partner-center`
  const sandbox = `${referralsUrl.replace(/\/+$/, '')}/sandbox/trigger`
  const body = JSON.stringify({ event, referral, url })
  const headers = { 'content-type': 'application/json' }
  const answer = await transport({ method: 'POST', url: sandbox, headers, body, timeoutMs: patienceMs, signal }).catch((cause: unknown) => {
    throw new Fault('offline', `The sandbox at ${sandbox} does not answer.`, { remedy: 'Start it with "cosell demo" or "cosell sandbox".', cause })
  })
  if (answer.status !== 202)
    throw new Fault('rejected', `The sandbox refused the event: ${refusalIn(answer.body.toString())}`, {
      remedy: 'The events are named by "cosell trigger --help" and partnerCenter.webhook.events.',
    })
  return { event, referral, url }
}

const isLocal = (url: string): boolean => isLoopback(new URL(url).hostname)

const refusalBody = z.object({ error: z.string() })

/** What an answer says; whatever else listens at that address may say it in any form. */
function refusalIn(text: string): string {
  try {
    return refusalBody.parse(JSON.parse(text)).error
  } catch {
    return text
  }
}
