import fastify from 'fastify'
import { expect, it } from 'vitest'
import { languageOf, signInPage, type SignInMessage } from './sign-in-pages.js'

const MESSAGES: readonly SignInMessage[] = [
  { kind: 'not-set-up' },
  { kind: 'not-now' },
  { kind: 'over' },
  { kind: 'failed', requestId: 'r-<1>' },
  { kind: 'no-role', person: 'mara@company.example' },
  { kind: 'not-connected', said: 'The code was used before.' },
]

it.each([
  [undefined, 'en'],
  ['de-DE,de;q=0.9', 'en'],
  ['zh', 'zh-CN'],
  ['zh-CN,zh;q=0.9,en;q=0.8', 'zh-CN'],
  ['fr, en;q=0.3, zh-Hans;q=0.5', 'zh-CN'],
  ['en-GB,en;q=0.9,zh;q=0.8', 'en'],
  ['zh;q=0, en', 'en'],
])('takes from "%s" the language %s', (header, language) => {
  expect(languageOf(header)).toBe(language)
})

it.each(MESSAGES)('tells $kind in the language of the browser', async (message) => {
  const app = fastify()
  app.get('/', (request, reply) => signInPage(request, reply, message))
  const [english, chinese] = await Promise.all(
    ['en', 'zh-CN'].map((language) => app.inject({ url: '/', headers: { 'accept-language': language } })),
  )
  expect(english?.body).toContain('<html lang="en">')
  expect(chinese?.body).toContain('<html lang="zh-CN">')
  expect(chinese?.body).toMatch(/<h1>[^<a-z]*\p{Script=Han}/u)
  expect(english?.body).not.toMatch(/\p{Script=Han}/u)
  for (const given of Object.values(message).slice(1))
    for (const page of [english, chinese]) expect(page?.body).toContain(String(given).replaceAll('<', '&lt;').replaceAll('>', '&gt;'))
  expect(english?.statusCode).toBe(chinese?.statusCode)
  await app.close()
})
