import pino, { type Logger as PinoLogger } from 'pino'
import type { Clock } from './core/ports.js'
import { createRedactor, type Redactor } from './redact.js'

/**
 * The service's log: JSON lines on stderr, so that stdout stays free for the one document of `--json`.
 * Every line has `time`, `level`, `msg`, `tenant` and `environment`; lines about a request or a deal also `request_id` and `deal_id`.
 */
export type Logger = PinoLogger

/** Names of the fields that mean the same in every line. Bind them with `log.child({ deal_id })`. */
export type LogContext = Readonly<Partial<Record<'request_id' | 'deal_id' | 'tenant' | 'environment', string>>>

/** Where lines go: process.stderr, or a collector in a test. */
export interface LogStream {
  write(line: string): unknown
  /** True when a person is watching: lines are then written for reading. */
  readonly isTTY?: boolean | undefined
}

export interface LogOptions {
  readonly level: 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'fatal' | 'silent'
  readonly context: LogContext
  readonly stream: LogStream
  readonly clock: Pick<Clock, 'now'>
  /** Takes secrets out of every line; share it with whoever learns new ones. */
  readonly redactor: Redactor
  /** Colour is only used where lines are written for reading. */
  readonly color: boolean
}

/** A log that says nothing, for tests and for commands that print their own answer. */
export const silentLog: Logger = pino({ level: 'silent' })

const paint: Readonly<Record<string, string>> = { trace: '90', debug: '90', info: '36', warn: '33', error: '31', fatal: '41' }
const wellKnown = new Set(['time', 'level', 'msg', 'err', 'tenant', 'environment'])

const short = (value: unknown): string => (typeof value === 'string' ? value : JSON.stringify(value))

/** One line for a person: time of day, level, message, then what else was said. Tenant and environment never change within a terminal. */
function readable(line: Readonly<Record<string, unknown>>, color: boolean): string {
  const level = String(line['level'])
  const tag = level.toUpperCase().padEnd(5)
  const time = String(line['time']).slice(11, 19)
  const details = Object.entries(line).filter(([key]) => !wellKnown.has(key)).map(([key, value]) => `${key}=${short(value)}`)
  const error = line['err']
  const stack = typeof error === 'object' && error !== null && 'stack' in error ? `\n  ${String(error.stack).replaceAll('\n', '\n  ')}` : ''
  const shown = color ? `\u001b[${paint[level] ?? '0'}m${tag}\u001b[0m` : tag
  const rest = details.length === 0 ? '' : color ? `  \u001b[90m${details.join(' ')}\u001b[0m` : `  ${details.join(' ')}`
  return `${time} ${shown} ${String(line['msg'] ?? '')}${rest}${stack}\n`
}

function parseLine(line: string): Record<string, unknown> | null {
  try {
    const parsed: unknown = JSON.parse(line)
    return typeof parsed === 'object' && parsed !== null ? { ...parsed } : null
  } catch {
    return null // Not ours; the caller then cleans it as plain text.
  }
}

/**
 * Redaction happens on the finished line, the one place that nothing can go around: bindings, error causes and messages are all in it.
 */
function destination({ stream, redactor, color }: LogOptions): { write(line: string): void } {
  return {
    write(line) {
      const parsed = parseLine(line)
      if (parsed === null) {
        stream.write(redactor.text(line))
        return
      }
      const clean = redactor.value(parsed) as Record<string, unknown> // "as": an object stays an object
      stream.write(stream.isTTY === true ? readable(clean, color) : `${JSON.stringify(clean)}\n`)
    },
  }
}

export function createLogger(options: LogOptions): Logger {
  return pino(
    {
      level: options.level,
      base: { ...options.context },
      timestamp: () => `,"time":"${new Date(options.clock.now()).toISOString()}"`,
      formatters: { level: (label) => ({ level: label }) },
      serializers: { err: pino.stdSerializers.errWithCause },
    },
    destination(options),
  )
}

export { createRedactor, type Redactor }
