/** What a span says about itself: names of OpenTelemetry's semantic conventions where there are any. */
export type SpanAttributes = Readonly<Record<string, string | number | boolean>>

export interface SpanOptions {
  /** `server`: a call of ours was answered · `consumer`: work from the queue · `client`: we call somebody. */
  readonly kind: 'server' | 'consumer' | 'client'
  /** W3C traceparent of what caused it; null: whatever runs now, else nothing. */
  readonly parent: string | null
  readonly attributes: SpanAttributes
}

export interface RunningSpan {
  set(attributes: SpanAttributes): void
  /** Marks it as failed; what is said is shown to whoever looks at traces. */
  fail(message: string): void
}

/** Lets somebody see one event from its arrival to the writes it caused. Never changes what the work does. */
export interface Tracing {
  span<T>(name: string, options: SpanOptions, work: (span: RunningSpan) => Promise<T>): Promise<T>
  /** W3C traceparent of what runs now; null: nobody traces. */
  current(): string | null
}

const nobody: RunningSpan = { set: () => undefined, fail: () => undefined }
export const noTracing: Tracing = { span: (_name, _options, work) => work(nobody), current: () => null }
