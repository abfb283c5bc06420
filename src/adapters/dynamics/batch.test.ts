import { describe, expect, test } from 'vitest'
import { readBatch, writeBatch } from './batch.js'

const crlf = (text: string): string => text.replaceAll('\n', '\r\n')

describe('a batch', () => {
  test('is written with CRLF, one change set around writes that belong together, and a Content-ID per part', () => {
    const text = writeBatch(
      [
        {
          kind: 'set',
          parts: [
            { method: 'PATCH', path: '/api/data/v9.2/opportunities(1)', headers: { 'If-Match': 'W/"7"' }, body: '{"name":"a"}' },
            { method: 'DELETE', path: '/api/data/v9.2/rows(2)', headers: {}, body: null },
          ],
        },
        { kind: 'single', part: { method: 'GET', path: '/api/data/v9.2/accounts', headers: { Accept: 'application/json' }, body: null } },
      ],
      'batch_x',
    )
    expect(text).toBe(
      crlf(`--batch_x
Content-Type: multipart/mixed; boundary="changeset_0_batch_x"

--changeset_0_batch_x
Content-Type: application/http
Content-Transfer-Encoding: binary
Content-ID: 1

PATCH /api/data/v9.2/opportunities(1) HTTP/1.1
Content-Type: application/json; type=entry
If-Match: W/"7"

{"name":"a"}
--changeset_0_batch_x
Content-Type: application/http
Content-Transfer-Encoding: binary
Content-ID: 2

DELETE /api/data/v9.2/rows(2) HTTP/1.1


--changeset_0_batch_x--

--batch_x
Content-Type: application/http
Content-Transfer-Encoding: binary

GET /api/data/v9.2/accounts HTTP/1.1
Accept: application/json


--batch_x--
`),
    )
  })
})

// Shape of the answers: learn.microsoft.com "Execute batch operations using the Web API" (read 2023-10).
const answer = crlf(`--batchresponse_6f0e
Content-Type: multipart/mixed; boundary=changesetresponse_1d22

--changesetresponse_1d22
Content-Type: application/http
Content-Transfer-Encoding: binary
Content-ID: 1

HTTP/1.1 204 No Content
OData-Version: 4.0
OData-EntityId: https://org.example/api/data/v9.2/accounts(2f0d)


--changesetresponse_1d22
Content-Type: application/http
Content-Transfer-Encoding: binary
Content-ID: 2

HTTP/1.1 204 No Content
OData-Version: 4.0


--changesetresponse_1d22--
--batchresponse_6f0e
Content-Type: application/http
Content-Transfer-Encoding: binary

HTTP/1.1 200 OK
Content-Type: application/json; odata.metadata=minimal
OData-Version: 4.0

{"value":[{"name":"--batchresponse_6f0e in a text"}]}
--batchresponse_6f0e--
`)

describe('a batch answer', () => {
  test('is read in order, change sets apart', () => {
    const read = readBatch('multipart/mixed; boundary=batchresponse_6f0e', answer)
    expect(read).toEqual([
      {
        kind: 'set',
        answers: [
          { status: 204, headers: { 'odata-version': '4.0', 'odata-entityid': 'https://org.example/api/data/v9.2/accounts(2f0d)' }, text: '' },
          { status: 204, headers: { 'odata-version': '4.0' }, text: '' },
        ],
      },
      {
        kind: 'single',
        answer: { status: 200, headers: { 'content-type': 'application/json; odata.metadata=minimal', 'odata-version': '4.0' }, text: '{"value":[{"name":"--batchresponse_6f0e in a text"}]}' },
      },
    ])
  })

  test('with bare line feeds and a quoted boundary is read the same', () => {
    const read = readBatch('multipart/mixed; boundary="batchresponse_6f0e"', answer.replaceAll('\r\n', '\n'))
    expect(read.map(({ kind }) => kind)).toEqual(['set', 'single'])
  })

  test('a refused change set is one answer', () => {
    const refused = crlf(`--b
Content-Type: application/http
Content-Transfer-Encoding: binary
Content-ID: 2

HTTP/1.1 412 Precondition Failed
Content-Type: application/json

{"error":{"code":"0x80060882","message":"x"}}
--b--
`)
    expect(readBatch('multipart/mixed; boundary=b', refused)).toEqual([
      { kind: 'single', answer: { status: 412, headers: { 'content-type': 'application/json' }, text: '{"error":{"code":"0x80060882","message":"x"}}' } },
    ])
  })

  test('without a boundary or a status line is no answer', () => {
    expect(() => readBatch('multipart/mixed', answer)).toThrow('names no boundary')
    expect(() => readBatch('multipart/mixed; boundary=b', '--b\r\nContent-Type: application/http\r\n\r\nhello\r\n--b--\r\n')).toThrow('no status line')
  })
})
