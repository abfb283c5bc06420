import { expect, test } from 'vitest'
import { adapter, adapterWith, bodyOf, crm, listing, noContent, patch, signal, use } from '../../../test/support/dynamics-desk.js'

const money = /LogicalName='opportunity'\).*MoneyAttributeMetadata/
const value = async (): Promise<{ sent: unknown; shown: unknown }> => {
  crm.on(/^PATCH /, noContent)
  await adapter.write(patch({ 'details.dealValue': 185000.255 }), { signal })
  const sent = bodyOf(/^PATCH/)['estimatedvalue']
  const shown = adapter.canonical({ 'details.dealValue': 185000.255, 'details.currency': 'EUR' }, 'opportunity')['details.dealValue']
  return { sent, shown }
}

test('an amount has no more digits than its column keeps, and is expected back with as many', async () => {
  crm.on(money, listing([{ LogicalName: 'estimatedvalue', Precision: 0, PrecisionSource: 0 }]))
  expect(await value()).toEqual({ sent: 185000, shown: 185000 })
})

test('a column that goes by the organization keeps as many digits as its prices', async () => {
  crm
    .on(money, listing([{ LogicalName: 'estimatedvalue', Precision: 4, PrecisionSource: 1 }]))
    .on(/^GET organizations\?.*pricingdecimalprecision/, listing([{ pricingdecimalprecision: 1 }]))
  expect(await value()).toEqual({ sent: 185000.3, shown: 185000.3 })
})

test('a column that goes by the currency keeps as many digits as that, whatever else it says of itself', async () => {
  crm.on(money, listing([{ LogicalName: 'estimatedvalue', Precision: 0, PrecisionSource: 2 }]))
  expect(await value()).toEqual({ sent: 185000.26, shown: 185000.26 })
})

test('a column of decimals keeps what it says', async () => {
  use(adapterWith({ mapping: { version: 1, opportunity: { 'details.dealValue': { crm: 'new_budget' } } } }))
  crm
    .on(/LogicalName='opportunity'\)\/Attributes\?/, listing([{ LogicalName: 'new_budget', AttributeType: 'Decimal' }]))
    .on(/LogicalName='opportunity'\).*DecimalAttributeMetadata/, listing([{ LogicalName: 'new_budget', Precision: 1 }]))
    .on(/^PATCH /, noContent)
  await adapter.write(patch({ 'details.dealValue': 185000.255 }), { signal })
  expect(bodyOf(/^PATCH/)).toMatchObject({ new_budget: 185000.3 })
})
