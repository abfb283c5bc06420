import { context, propagation, ProxyTracerProvider, SpanKind, SpanStatusCode, trace, type Context, type Span } from '@opentelemetry/api'
import { noTracing, type RunningSpan, type SpanOptions, type Tracing } from './core/tracing.js'

const KINDS = { server: SpanKind.SERVER, consumer: SpanKind.CONSUMER, client: SpanKind.CLIENT } as const
const shape = /^00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})$/

/** Over the API of OpenTelemetry, which does nothing until somebody registers an SDK: see docs/operating.md, "Traces". */
export function otelTracing(): Tracing {
  const tracer = trace.getTracer('cosell')
  return {
    span(name, options, work) {
      if (nobodyListens()) return noTracing.span(name, options, work)
      const from = parentContext(options)
      const about = { kind: KINDS[options.kind], attributes: { ...options.attributes } }
      return tracer.startActiveSpan(name, about, from, (span) => ended(span, work))
    },
    current() {
      const now = trace.getSpanContext(context.active())
      if (now === undefined || !/[1-9a-f]/.test(now.traceId)) return null
      return `00-${now.traceId}-${now.spanId}-${now.traceFlags.toString(16).padStart(2, '0')}`
    },
  }
}

const nobody = new ProxyTracerProvider().getDelegate() // What stands in for an SDK until there is one.
function nobodyListens(): boolean {
  const provider = trace.getTracerProvider()
  return provider instanceof ProxyTracerProvider && provider.getDelegate() === nobody
}

function parentContext({ parent }: SpanOptions): Context {
  const [, traceId = '', spanId = '', flags = '00'] = parent === null ? [] : (shape.exec(parent) ?? [])
  if (traceId === '') return context.active()
  // Nothing else of the moment belongs to it: the work was waiting in the queue.
  const caused = { traceId, spanId, traceFlags: Number.parseInt(flags, 16), isRemote: true }
  return trace.setSpanContext(propagation.deleteBaggage(context.active()), caused)
}

async function ended<T>(span: Span, work: (running: RunningSpan) => Promise<T>): Promise<T> {
  const fail = (message: string): void => void span.setStatus({ code: SpanStatusCode.ERROR, message })
  try {
    return await work({ set: (attributes) => void span.setAttributes({ ...attributes }), fail })
  } catch (error) {
    // Messages may quote what a person wrote; the kind is enough to look the rest up in the log.
    fail(error instanceof Error ? error.name : 'error')
    throw error
  } finally {
    span.end()
  }
}
