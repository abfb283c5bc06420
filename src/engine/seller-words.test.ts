import { expect, test } from 'vitest'
import { forSeller } from './seller-words.js'

test('a seller reads what happened and what to do, with fields by their names', () => {
  const reason = { text: 'details.dealValue: both sides differ and a person must choose.', remedy: 'Choose with "cosell conflicts resolve" or in the console.' }
  expect(forSeller(reason)).toBe('Deal value: both sides differ and a person must choose. Choose with "cosell conflicts resolve" or in the console.')
})

test('what is no field of a deal stays as it is written', () => {
  const reason = { text: 'See details.ofSomethingElse of example.com.', remedy: '' }
  expect(forSeller(reason)).toBe(reason.text)
})

test('a text is never longer than the column of the record', () => {
  expect(forSeller({ text: 'x'.repeat(5_000), remedy: 'Mend it.' })).toHaveLength(4_000)
})
