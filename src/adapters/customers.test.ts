import { describe, expect, test } from 'vitest'
import type { Projection } from '../core/deal.js'
import { accountIdFor, chooseAccount, customerKey, customerOf, type AccountCandidate } from './customers.js'

const shows = (name: string, postalCode: string | null, country: string | null = 'DE'): Projection => ({
  'customerProfile.name': name,
  'customerProfile.address.postalCode': postalCode,
  'customerProfile.address.country': country,
})
const account = (id: string, seen: Projection, more: Partial<AccountCandidate> = {}): AccountCandidate => ({
  id,
  active: true,
  mergedInto: null,
  shows: seen,
  ...more,
})
const customer = (deal: Projection) => {
  const found = customerOf(deal)
  if (found === null) throw new Error('no customer')
  return found
}
const fabrikam = customer(shows('Fabrikam GmbH', '80331'))

describe('the account of a new deal', () => {
  test('is the one with the same name and postal code, in any spelling', () => {
    const candidates = [account('a', shows('FABRIKAM  gmbh ', '80 331')), account('b', shows('Fabrikam GmbH', '10115'))]
    expect(chooseAccount(fabrikam, candidates)).toEqual({ kind: 'found', id: 'a' })
  })

  test('else the one of that name without a postal code', () => {
    expect(chooseAccount(fabrikam, [account('a', shows('Fabrikam GmbH', null)), account('b', shows('Fabrikam GmbH', '10115'))])).toEqual({
      kind: 'found',
      id: 'a',
    })
  })

  test('is not one in another country', () => {
    expect(
      chooseAccount(fabrikam, [account('a', shows('Fabrikam GmbH', '80331', 'US')), account('b', shows('Fabrikam GmbH', null, 'Austria'))])
        .kind,
    ).toBe('create')
  })

  test('is not one of several that fit equally: a new one is made, and a person is told', () => {
    const choice = chooseAccount(fabrikam, [account('a', shows('Fabrikam GmbH', '80331')), account('b', shows('Fabrikam GmbH', '80331'))])
    expect(choice).toMatchObject({ kind: 'create', id: accountIdFor(fabrikam), remark: expect.stringContaining('2 accounts') })
  })

  test('is not one of another place, nor an inactive one', () => {
    expect(
      chooseAccount(fabrikam, [
        account('a', shows('Fabrikam GmbH', '10115')),
        account('b', shows('Fabrikam GmbH', '80331'), { active: false }),
      ]),
    ).toMatchObject({ kind: 'create', remark: null })
  })

  test('of a deal without a postal code is the only one of that name in the country', () => {
    const somewhere = customer(shows('Fabrikam GmbH', null))
    expect(chooseAccount(somewhere, [account('a', shows('Fabrikam GmbH', '80331'))])).toEqual({ kind: 'found', id: 'a' })
    expect(
      chooseAccount(somewhere, [account('a', shows('Fabrikam GmbH', '80331')), account('b', shows('Fabrikam GmbH', '10115'))]).kind,
    ).toBe('create')
  })

  test('is the one made for this customer before, renamed or merged since', () => {
    const own = accountIdFor(fabrikam)
    expect(chooseAccount(fabrikam, [account(own, shows('Fabrikam AG', '80331'))])).toEqual({ kind: 'found', id: own })
    expect(chooseAccount(fabrikam, [account(own, shows('Fabrikam GmbH', '80331'), { active: false, mergedInto: 'm' })])).toEqual({
      kind: 'found',
      id: 'm',
    })
  })

  test('has one key and one id per customer, however it is spelled', () => {
    const same = customer(shows('fabrikam  GMBH', '80 331', 'Germany'))
    expect(customerKey(same)).toBe(customerKey(fabrikam))
    expect(accountIdFor(same)).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
    expect(accountIdFor(customer(shows('Other', '80331')))).not.toBe(accountIdFor(fabrikam))
    expect(customerOf({})).toBeNull()
  })
})
