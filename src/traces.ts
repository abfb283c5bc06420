import { createRequire } from 'node:module'

/** What of the SDK is used. It is an optional peer: half a second to load, for those who watch traces. */
interface Sdk {
  start(): void
  shutdown(): Promise<void>
}
type SdkModule = { readonly NodeSDK: new (options: { readonly serviceName: string; readonly instrumentations: readonly never[] }) => Sdk }

const asksFor = ['OTEL_EXPORTER_OTLP_ENDPOINT', 'OTEL_EXPORTER_OTLP_TRACES_ENDPOINT'] as const
const peer = '@opentelemetry/sdk-node'

/**
 * Registers OpenTelemetry's SDK where the environment names a collector in its usual variables. Otherwise, or when somebody has registered
 * one with `node --import`, nothing happens and spans cost nothing.
 */
export async function registerTraces(
  env: Readonly<Record<string, string | undefined>>,
  warn: (text: string) => void,
): Promise<{ stop(): Promise<void> }> {
  const nothing = { stop: () => Promise.resolve() }
  if (asksFor.every((name) => (env[name] ?? '') === '') || env['OTEL_SDK_DISABLED'] === 'true') return nothing
  if (!isInstalled(peer)) {
    warn(`A collector for traces is named, but ${peer} is not installed beside cosell; no traces are sent. Run "npm install ${peer}" there.`)
    return nothing
  }
  const found = (await import(peer)) as SdkModule // the interface of a package that need not be there
  const sdk = new found.NodeSDK({ serviceName: env['OTEL_SERVICE_NAME'] ?? 'cosell', instrumentations: [] })
  sdk.start()
  return { stop: () => sdk.shutdown() }
}

function isInstalled(name: string): boolean {
  try {
    createRequire(import.meta.url).resolve(name)
    return true
  } catch {
    return false
  }
}
