import { expect, test } from 'vitest'
import { createLogger, createRedactor, type LogContext, type Logger } from './log.js'

function capture(tty: 'terminal' | 'file', secrets: readonly string[] = [], context: LogContext = {}): { readonly log: Logger; readonly lines: string[] } {
  const lines: string[] = []
  const log = createLogger({
    level: 'info', context, color: false, redactor: createRedactor(secrets), clock: { now: () => Date.UTC(2026, 0, 2, 3, 4, 5) },
    stream: { isTTY: tty === 'terminal', write: (line) => lines.push(line) },
  })
  return { log, lines }
}

test('[R44] a line is one JSON object with time, level, message and the deal it is about', () => {
  const { log, lines } = capture('file', [], { tenant: 'contoso', environment: 'staging' })
  log.child({ deal_id: 'd1' }).info({ request_id: 'r1' }, 'written')
  log.debug('not loud enough')
  expect(lines).toHaveLength(1)
  expect(JSON.parse(lines[0] ?? '')).toEqual({
    time: '2026-01-02T03:04:05.000Z', level: 'info', msg: 'written', tenant: 'contoso', environment: 'staging', deal_id: 'd1', request_id: 'r1',
  })
})

test('a terminal gets a line for reading, with the stack of an error below it', () => {
  const { log, lines } = capture('terminal')
  log.warn({ deal_id: 'd1', err: new Error('boom') }, 'slow')
  expect(lines[0]).toMatch(/^03:04:05 WARN {2}slow {2}deal_id=d1\n {2}Error: boom/)
})

test('[R43] a secret is taken out of messages, nested values, errors with causes and bindings', () => {
  const planted = 'p"lan\\ted'
  for (const tty of ['terminal', 'file'] as const) {
    const { log, lines } = capture(tty, [planted])
    log.child({ clientSecret: 'aaaa' }).error(
      { err: new Error(`a ${planted}`, { cause: new Error(`b ${planted}`) }), headers: { Authorization: 'Bearer abcdefgh12345', deep: [{ refresh_token: 'bbbb' }] } },
      `c ${planted} d postgres://u:pass123@h/x?sig=cccc eyJhbGciOiJI.eyJzdWIiOiIx.sgn`,
    )
    const text = lines.join('')
    for (const secret of ['lan\\', 'aaaa', 'abcdefgh', 'bbbb', 'cccc', 'pass123', 'eyJ']) expect(text, secret).not.toContain(secret)
    expect(text).toContain('postgres://u:[redacted]@h/x')
  }
})

test('a secret learned later is taken out from then on', () => {
  const redactor = createRedactor([])
  expect(redactor.text('fresh-token-1')).toBe('fresh-token-1')
  redactor.plant('fresh-token-1\n')
  expect(redactor.text('got fresh-token-1.')).toBe('got [redacted].')
})

test('what only counts or flags stays visible', () => {
  expect(createRedactor([]).value({ tokens: 3, hasSecret: true, lease: 'x', code: 404, status_code: 'E1' })).toEqual({ tokens: 3, hasSecret: true, lease: 'x', code: 404, status_code: 'E1' })
})

test('something that refers to itself does not stop the log', () => {
  const { log, lines } = capture('file')
  const loop: Record<string, unknown> = { name: 'loop' }
  loop['self'] = loop
  log.info({ loop }, 'still here')
  expect(lines[0]).toContain('still here')
})
