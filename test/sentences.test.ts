import { expect, test } from 'vitest'
import { reader } from '../console/src/i18n/sentences.js'
import { sentences } from '../console/src/i18n/zh-cn/sentences/index.js'
import { words } from '../console/src/i18n/zh-cn/words.js'
import { sentencesOfTheService } from './support/sentences.js'

const { said, everything } = sentencesOfTheService()
/** Fixed words that the console has always said in its own way, in every language. */
const fixed = new Set([...Object.keys(words.because), ...Object.keys(words.how)])
const placesOf = (text: string): string[] => (text.match(/\{\d+\}/g) ?? []).sort()
/** As it is said: with values in it, in which nothing can be looked up. */
const spoken = (template: string): string => template.replace(/\{(\d+)\}/g, (_, number) => `⟨${number}⟩`)

test('every sentence of the service that a person can meet in the console has its Chinese', () => {
  expect(said.length).toBeGreaterThan(900)
  const lacking = said.filter(({ text }) => sentences[text] === undefined && !fixed.has(text))
  expect(lacking.map(({ text, file }) => `${file}: ${text}`)).toEqual([])
})

test('every Chinese sentence takes the values of its English one, each once', () => {
  const unlike = Object.entries(sentences).filter(([english, chinese]) => placesOf(english).join() !== placesOf(chinese).join())
  expect(unlike).toEqual([])
})

test('the catalogue keeps nothing that the service does not say any more', () => {
  expect(Object.keys(sentences).filter((english) => !everything.has(english))).toEqual([])
})

test('each sentence is found again with values in it, and the values come along', () => {
  const read = reader(sentences)
  const lost = Object.entries(sentences).filter(([english, chinese]) => {
    const text = read(spoken(english)).map((piece) => piece.text).join('')
    return text.replaceAll(' ', '') !== spoken(chinese).replaceAll(' ', '')
  })
  expect(lost.map(([english]) => english)).toEqual([])
})

const told = (text: string): string =>
  reader(sentences)(text)
    .map((piece) => (piece.foreign ? `<${piece.text}>` : piece.text))
    .join('')

test('a refusal is said in Chinese around the words of the remote system, which stay a quotation', () => {
  expect(
    told('Dynamics 365, opportunity 7a1c: a right is missing (403, 0x80040220). SecLib: the principal user is missing prvWriteOpportunity.'),
  ).toBe('Dynamics 365，商机 7a1c：缺少权限（403, 0x80040220）。SecLib：<the principal user is missing prvWriteOpportunity.>')
  expect(told('Partner Center failed while reading referral 12 (500): something went wrong')).toBe(
    '合作伙伴中心出错，当时正在读取引荐 12（500）：<something went wrong>',
  )
})

test('sentences after one another are read one by one, and names stay what they are', () => {
  expect(told('Given up after 72 hours: The deal has no name. The customer account has no city.')).toBe(
    '72 小时后放弃：商机没有名称。客户没有城市。',
  )
  expect(told('Fourth Coffee S.A.: answer within 3 days')).toContain('Fourth Coffee S.A.')
  expect(told('City Power & Light - ERP renewal')).toBe('City Power & Light - ERP renewal')
})

test('Chinese keeps a space around Latin letters, and none within itself', () => {
  expect(told('Column Referral Link of opportunity')).toBe('商机的列 Referral Link')
  expect(told('Column Referral Link of cosell_x')).toBe('cosell_x 的列 Referral Link')
})

test('English is shown as it came', () => {
  expect(reader({})('It is tried again. "So" it is.')).toEqual([{ text: 'It is tried again. "So" it is.', foreign: false }])
})
