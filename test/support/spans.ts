import { AsyncLocalStorage } from 'node:async_hooks'
import { randomBytes } from 'node:crypto'
import { context, ROOT_CONTEXT, trace, type Context, type ContextManager, type Span, type SpanOptions, type Tracer } from '@opentelemetry/api'

export interface SeenSpan {
  readonly name: string
  readonly traceId: string
  readonly spanId: string
  readonly parentId: string | null
  readonly attributes: Record<string, unknown>
  failed: string | null
  ended: boolean
}

/** The least that an SDK does: spans with ids and parents, and a context that follows asynchronous work. */
export function recordSpans(): { readonly spans: readonly SeenSpan[]; stop(): void } {
  const spans: SeenSpan[] = []
  const storage = new AsyncLocalStorage<Context>()
  const manager: ContextManager = {
    active: () => storage.getStore() ?? ROOT_CONTEXT,
    with: (active, work, self, ...given) => storage.run(active, () => work.apply(self, given)),
    bind: (_active, target) => target,
    enable: () => manager,
    disable: () => manager,
  }
  const begin = (name: string, options: SpanOptions, from: Context): Span => {
    const parent = trace.getSpanContext(from)
    const seen: SeenSpan = {
      name,
      traceId: parent?.traceId ?? randomBytes(16).toString('hex'),
      spanId: randomBytes(8).toString('hex'),
      parentId: parent?.spanId ?? null,
      attributes: { ...options.attributes },
      failed: null,
      ended: false,
    }
    spans.push(seen)
    const span = {
      spanContext: () => ({ traceId: seen.traceId, spanId: seen.spanId, traceFlags: 1 }),
      setAttributes: (more: object) => Object.assign(seen.attributes, more),
      setStatus: ({ message }: { message?: string }) => (seen.failed = message ?? ''),
      end: () => (seen.ended = true),
    }
    return span as unknown as Span // what the code under test uses of it
  }
  const tracer = {
    startActiveSpan: (name: string, options: SpanOptions, from: Context, work: (span: Span) => unknown) => {
      const span = begin(name, options, from)
      return context.with(trace.setSpan(from, span), () => work(span))
    },
  } as unknown as Tracer // likewise
  context.setGlobalContextManager(manager)
  trace.setGlobalTracerProvider({ getTracer: () => tracer })
  return {
    spans,
    stop() {
      trace.disable()
      context.disable()
    },
  }
}
