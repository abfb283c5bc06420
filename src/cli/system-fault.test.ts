import { describe, expect, it } from 'vitest'
import { commandFault } from './system-fault.js'

const failing = (code: string, message = 'it failed'): Error => Object.assign(new Error(message), { code })

describe('what a command may meet on its way is no bug', () => {
  it.each([
    ['SQLITE_FULL', 'database or disk is full', 'misconfigured', 'The embedded store cannot be used: database or disk is full.'],
    ['SQLITE_IOERR_WRITE', 'disk I/O error', 'misconfigured', 'disk I/O error'],
    ['ENOENT', 'no such file', 'misconfigured', 'There is no file'],
  ])('%s %s', (code, message, kind, said) => {
    expect(commandFault(failing(code, message))).toMatchObject({ kind, message: expect.stringContaining(said) as string })
  })

  it('a folder that is not there is called so', () => {
    const at = (path: string): string => commandFault(Object.assign(failing('ENOENT'), { path })).message
    expect(at('/nowhere/of/ours/plan.json')).toBe('There is no folder /nowhere/of/ours for /nowhere/of/ours/plan.json.')
    expect(at('/plan-that-nobody-wrote.json')).toBe('There is no file /plan-that-nobody-wrote.json.')
  })

  it('anything else is', () => {
    expect(commandFault(failing('42601', 'syntax error')).kind).toBe('bug')
    expect(commandFault(new TypeError('x is not a function')).kind).toBe('bug')
  })
})
