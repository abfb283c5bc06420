import { describe, expect, it } from 'vitest'
import { lostServer } from './lost-server.js'

describe('a PostgreSQL server that went away', () => {
  it.each([
    ['ECONNREFUSED', 'connect ECONNREFUSED 127.0.0.1:5432'],
    ['57P01', 'terminating connection due to administrator command'],
    ['53300', 'sorry, too many clients already'],
    [null, 'Connection terminated unexpectedly'],
    [null, 'Query read timeout'],
  ])('is told as what it is (%s %s)', (code, message) => {
    const error = Object.assign(new Error(message), code === null ? {} : { code })
    expect(lostServer(error)).toMatchObject({ kind: 'offline', message: `The connection to the PostgreSQL store was lost: ${message}.`, cause: error })
  })

  it('is not what a wrong statement or two transactions that met are taken for', () => {
    for (const code of ['42601', '23505', '40P01', '40001', '25006']) expect(lostServer(Object.assign(new Error('no'), { code }))).toBeNull()
    expect(lostServer(new TypeError('x is not a function'))).toBeNull()
    expect(lostServer('no error')).toBeNull()
  })
})
