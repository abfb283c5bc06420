import { toFault } from '../core/fault.js'
import type { Check } from '../core/ports.js'
import { NoAnswer, type Transport } from '../remote/transport.js'

const name = 'public address'
const patienceMs = 10_000

export interface Reaching {
  readonly transport: Transport
  /** Whether this process serves now; nothing could answer otherwise. */
  readonly serving: boolean
  readonly signal: AbortSignal
}

/**
 * The address under which others reach this installation, asked as they would ask it. What goes wrong is a warning only: many networks let
 * nobody in by their own outer address, and then only somebody outside can tell.
 */
export async function publicAddressCheck(publicUrl: string | null, { transport, serving, signal }: Reaching): Promise<Check> {
  if (publicUrl === null)
    return warn(
      'None is configured, so Partner Center cannot send events; the sweeps find changes instead.',
      'Set server.publicUrl to the https address that leads here.',
    )
  if (!publicUrl.startsWith('https:'))
    return warn(`${publicUrl} is not https.`, 'Partner Center delivers to https only: put a reverse proxy with a certificate before the service.')
  if (!serving) return pass(`${publicUrl}; whether it leads here can be asked when the service runs.`)
  const url = `${publicUrl.replace(/\/+$/, '')}/livez`
  try {
    const { status, body } = await transport({ method: 'GET', url, headers: { accept: 'application/json' }, body: null, timeoutMs: patienceMs, signal })
    if (status === 200 && isOurs(body)) return pass(`${publicUrl} leads here.`)
    return warn(
      `${url} is answered with ${status}, not as this service answers it.`,
      'Let the reverse proxy hand every path on to the service (server.listen), without a sign-in of its own before it.',
    )
  } catch (error) {
    if (!(error instanceof NoAnswer)) throw toFault(error)
    return warn(
      `${url} cannot be reached from this machine: ${error.message}.`,
      `Look at its name, its certificate and the firewall. If this network lets nobody in by its own outer address, ask from outside: curl -i ${url}`,
    )
  }
}

const isOurs = (body: Buffer): boolean => {
  try {
    return (JSON.parse(body.toString()) as { status?: unknown } | null)?.status === 'ok' // whatever it is, it is only compared
  } catch {
    return false
  }
}

const pass = (detail: string): Check => ({ name, status: 'pass', detail, remedy: null })
const warn = (detail: string, remedy: string): Check => ({ name, status: 'warn', detail, remedy })
