import { createRequire } from 'node:module'

/** What of the SDK is used. It is an optional peer: half a second to load, for those who watch traces. */
interface Sdk {
  start(): void
  shutdown(): Promise<void>
}
export interface Traces {
  /** Sends what is left. `left`: the collector did not take it, and the SDK may still be trying. */
  stop(): Promise<'sent' | 'left'>
}
export interface SdkModule {
  readonly NodeSDK: new (options: { readonly serviceName: string; readonly instrumentations: readonly never[] }) => Sdk
}

const asksFor = ['OTEL_EXPORTER_OTLP_ENDPOINT', 'OTEL_EXPORTER_OTLP_TRACES_ENDPOINT'] as const
const peer = '@opentelemetry/sdk-node'

/**
 * Registers OpenTelemetry's SDK where the environment names a collector in its usual variables. Otherwise, or when somebody has registered
 * one with `node --import`, nothing happens and spans cost nothing.
 */
export async function registerTraces(
  env: Readonly<Record<string, string | undefined>>,
  warn: (text: string) => void,
  find: () => Promise<SdkModule | null> = installed,
): Promise<Traces> {
  const nothing: Traces = { stop: () => Promise.resolve('sent') }
  if (asksFor.every((name) => (env[name] ?? '') === '') || env['OTEL_SDK_DISABLED'] === 'true') return nothing
  const found = await find()
  if (found === null) {
    warn(`A collector for traces is named, but ${peer} is not installed beside cosell; no traces are sent. Run "npm install ${peer}" there.`)
    return nothing
  }
  const sdk = new found.NodeSDK({ serviceName: env['OTEL_SERVICE_NAME'] ?? 'cosell', instrumentations: [] })
  sdk.start()
  return { stop: () => ended(sdk, warn) }
}

const lastSendMs = 2_000 // What a process has left when it stops is worth a moment, and never the supervisor's patience.

async function ended(sdk: Sdk, warn: (text: string) => void): Promise<'sent' | 'left'> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<string>((resolve) => (timer = setTimeout(() => resolve('it does not answer'), lastSendMs)))
  const why = await Promise.race([sdk.shutdown().then(() => null, (error: unknown) => String(error)), late])
  clearTimeout(timer)
  if (why === null) return 'sent'
  warn(`The last traces could not be sent to the collector: ${why}.`)
  return 'left'
}

async function installed(): Promise<SdkModule | null> {
  try {
    createRequire(import.meta.url).resolve(peer)
  } catch {
    return null
  }
  return (await import(peer)) as SdkModule // the interface of a package that need not be there
}
