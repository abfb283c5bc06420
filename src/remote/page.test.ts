import { expect, test } from 'vitest'
import { isGatewaysRefusal, isPage } from './page.js'

const html = { 'content-type': 'text/html; charset=utf-8' }
const bad = '<html><head><title>400 Bad Request</title></head></html>'

test.each<[string, Record<string, string>, boolean]>([
  [bad, {}, true],
  ['<!DOCTYPE HTML PUBLIC "-//W3C//DTD HTML 4.01//EN">', {}, true],
  ['\uFEFF\n <!-- a proxy --> <HTML>', {}, true],
  ['<h1>Access denied</h1>', {}, true],
  ['Bad Request', html, true],
  ['', html, false],
  ['{"error":{"message":"<html>"}}', html, false],
  ['[{"errorCode":"X"}]', {}, false],
  ['Bad Request', { 'content-type': 'text/plain' }, false],
  ['<?xml version="1.0"?><Envelope/>', {}, false],
  ['<Error><Code>1</Code></Error>', {}, false],
])('%s with %o is a page: %s', (text, headers, expected) => {
  expect(isPage({ headers, text })).toBe(expected)
})

test('a refusal is a gateway\'s by its page, but for what means the same from anybody', () => {
  const all = [400, 401, 403, 404, 405, 408, 409, 412, 413, 422, 429, 500]
  expect(all.filter((status) => isGatewaysRefusal({ status, headers: {}, text: bad }))).toEqual([400, 403, 404, 405, 408, 409, 422])
})
