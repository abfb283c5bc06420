import { expect, test } from 'vitest'
import { userName } from './user-name.js'

test('a user without a name, as containers have one, is a number and no failure', () => {
  expect(userName(() => ({ username: 'ada' }))).toBe('ada')
  const nameless = (): never => {
    throw new Error('uv_os_get_passwd returned ENOENT')
  }
  expect(userName(nameless)).toMatch(/^user \d+$/)
})
