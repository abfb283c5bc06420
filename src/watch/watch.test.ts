import { createServer, type Server } from 'node:http'
import { createServer as createTcpServer, type AddressInfo } from 'node:net'
import { SMTPServer } from 'smtp-server'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { memoryStore } from '../../test/support/memory-store.js'
import { HELP, type Projection } from '../core/deal.js'
import { newLink, waitsFor, type Link } from '../core/link.js'
import { asLinkId } from '../core/ref.js'
import { undiciTransport } from '../remote/transport.js'
import { mailChannel, smtpOptions, slackChannel, teamsChannel } from './channels.js'
import { isQuiet, noticeBoard, type Channel, type Notice, type NoticeBoard } from './notice.js'
import { remind } from './response-clock.js'

const day = 86_400_000
const start = Date.UTC(2026, 10, 1, 12)
let now = start
const clock = { now: () => now }
let store: ReturnType<typeof memoryStore>
let board: NoticeBoard
const signal = new AbortController().signal
beforeEach(() => {
  now = start
  store = memoryStore({ random: () => 0.5 })
  board = noticeBoard(store, clock, () => undefined)
})

function listener(name = 'list'): Channel & { readonly heard: Notice[]; down: boolean } {
  const heard: Notice[] = []
  const channel = {
    name,
    heard,
    down: false,
    send: (notice: Notice) => {
      if (channel.down) return Promise.reject(new Error('no'))
      heard.push(notice)
      return Promise.resolve()
    },
  }
  return channel
}
const deliver = (...channels: Channel[]) => board.deliver(channels, { quiet: false, signal })
const notice = (key: string, level: Notice['level'] = 'normal'): Notice => ({
  key,
  level,
  title: `Title of ${key}`,
  text: 'What.',
  remedy: 'Do.',
  deal: 'D-1',
})

describe('a notice', () => {
  it('is told once to each channel, also by a second worker and after a restart', async () => {
    const [a, b] = [listener('a'), listener('b')]
    await board.raise(notice('one'))
    await deliver(a, b)
    board = noticeBoard(store, clock, () => undefined)
    expect(await board.raise(notice('one'))).toBe(false)
    await Promise.all([deliver(a, b), deliver(a, b)])
    expect([a.heard.length, b.heard.length]).toEqual([1, 1])
  })

  it('is tried again later by the channel that failed, and by that one only', async () => {
    const [a, b] = [listener('a'), listener('b')]
    a.down = true
    await board.raise(notice('one'))
    await deliver(a, b)
    a.down = false
    await deliver(a, b)
    expect([a.heard.length, b.heard.length]).toEqual([0, 1])
    now += 31_000
    await deliver(a, b)
    expect([a.heard.length, b.heard.length]).toEqual([1, 1])
  })

  it('waits while it is quiet, unless it is urgent', async () => {
    const a = listener()
    await board.raise(notice('soon'))
    await board.raise(notice('now', 'urgent'))
    await board.deliver([a], { quiet: true, signal })
    expect(a.heard.map(({ key }) => key)).toEqual(['now'])
    await deliver(a)
    expect(a.heard.map(({ key }) => key)).toEqual(['now', 'soon'])
  })

  it('of a condition is raised once while it lasts, ends with it, and comes again with it', async () => {
    const { key: _key, ...trouble } = notice('x')
    await board.condition('webhook', trouble)
    now += 1
    await board.condition('webhook', trouble)
    expect(await board.open()).toHaveLength(1)
    await board.condition('webhook', null)
    expect(await board.open()).toEqual([])
    now += day
    await board.condition('webhook', trouble)
    expect(await board.open()).toHaveLength(1)
    const a = listener()
    await deliver(a)
    expect(a.heard).toHaveLength(1)
  })

  it('knows quiet hours across midnight, where the people are', () => {
    const hours = { from: 22 * 60, until: 7 * 60, timeZone: 'Asia/Shanghai' }
    const at = (hour: number): boolean => isQuiet(hours, Date.UTC(2026, 10, 1, hour))
    expect([13, 14, 20, 22, 23].map(at)).toEqual([false, true, true, true, false])
    expect(isQuiet(null, start)).toBe(false)
  })
})

describe('the response clock', () => {
  const add = async (id: string, over: Partial<Link>, partner: Projection): Promise<void> => {
    const ends = { partner: { side: 'partner', kind: 'referral', id: `R-${id}` } as const, crm: null }
    await store.add({ ...newLink(asLinkId(id), start, ends), name: `Deal ${id}`, base: { partner, crm: {} }, ...over }, [], start)
  }
  const titles = async (): Promise<string[]> => (await board.open()).map(({ title }) => title).sort()

  it('reminds of an inbound deal on days 7, 10 and 13, each once, and not when it is over', async () => {
    const expirationDateTime = new Date(start + 14 * day).toISOString().slice(0, 10)
    await add('in', { stage: 'New/Received' }, { expirationDateTime })
    const seen: number[] = []
    for (let hours = 0; hours <= 15 * 24; hours += 6) {
      now = start + hours * 3_600_000
      await remind(store, board, clock)
      await remind(store, board, clock)
      seen.push((await board.open()).length)
    }
    expect([...new Set(seen)]).toEqual([0, 1, 2, 3])
    expect(await titles()).toEqual(['Deal in: answer within 1 day', 'Deal in: answer within 4 days', 'Deal in: answer within 7 days'])
  })

  it("reminds of Microsoft's answer from the day the request was seen, until it came", async () => {
    await add('help', { stage: 'Active/Accepted' }, { [HELP]: 'GeneralOrOther', 'microsoft.status': 'New/Pending' })
    await remind(store, board, clock)
    now += 7 * day
    await remind(store, board, clock)
    expect(await titles()).toEqual(['Deal help: Microsoft has not answered yet'])
    const answered = {
      stage: 'Active/Accepted' as const,
      base: { partner: { [HELP]: 'GeneralOrOther', 'microsoft.status': 'Active/Accepted' }, crm: {} },
    }
    expect(waitsFor({ ...newLink(asLinkId('x'), 0, { partner: null, crm: null }), ...answered })).toBeNull()
  })

  it('tells only the latest of the days that passed while nothing ran', async () => {
    await add('late', { stage: 'New/Pending' }, {})
    await remind(store, board, clock)
    now += 11 * day
    await remind(store, board, clock)
    expect(await titles()).toEqual(['Deal late: answer within 3 days'])
  })
})

describe('the channels', () => {
  const closers: (() => unknown)[] = []
  afterEach(async () => {
    for (const close of closers.splice(0)) await close()
  })
  const link = (deal: string): string => `https://cosell.example/deals/${deal}`

  it('send a mail with one subject line, whatever a deal is called', async () => {
    const mails: string[] = []
    const server = new SMTPServer({
      authOptional: true,
      disabledCommands: ['STARTTLS'],
      onData(stream, _session, done) {
        let mail = ''
        stream.on('data', (chunk: Buffer) => (mail += chunk.toString()))
        stream.on('end', () => {
          mails.push(mail)
          done()
        })
      },
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    closers.push(() => new Promise<void>((resolve) => server.close(() => resolve())))
    const { port } = server.server.address() as AddressInfo // it listens
    const channel = mailChannel({ smtp: `smtp://127.0.0.1:${port}`, from: 'cosell@example.com', to: ['am@example.com'] }, link, { ca: null })
    await channel.send({ ...notice('m'), title: 'Größe\r\nBcc: evil@example.com' }, signal)
    expect(mails).toHaveLength(1)
    expect(mails[0]).not.toMatch(/^Bcc:/m)
    expect(mails[0]).toContain('https://cosell.example/deals/D-1')
    expect(mails[0]).toContain('To: am@example.com')
  })

  it('give up on a mail server that says nothing, and speak to one over the network only encrypted', async () => {
    const silent = createTcpServer(() => undefined)
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve))
    closers.push(() => new Promise((resolve) => silent.close(resolve)))
    const { port } = silent.address() as AddressInfo // it listens
    const to = { smtp: `smtp://127.0.0.1:${port}`, from: 'cosell@example.com', to: ['am@example.com'] }
    await expect(mailChannel(to, link, { ca: null, deadline: 50 }).send(notice('m'), signal)).rejects.toThrow(/greeting|timeout/i)
    expect(smtpOptions('smtp://u:p@mail.example.com:587', 'PEM')).toMatchObject({ requireTLS: true, tls: { ca: expect.arrayContaining(['PEM']) as unknown } })
    expect(smtpOptions('smtp://127.0.0.1:25', null)).toMatchObject({ requireTLS: false })
  })

  it('post a card to Teams and escaped text to Slack, and fail on a refusal without naming the address', async () => {
    const bodies: string[] = []
    let status = 200
    const server: Server = createServer((request, response) => {
      let body = ''
      request.on('data', (chunk: Buffer) => (body += chunk.toString()))
      request.on('end', () => {
        bodies.push(body)
        response.writeHead(status).end()
      })
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    closers.push(() => new Promise((resolve) => server.close(resolve)))
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/secret-path` // it listens
    const transport = undiciTransport({ proxy: null, ca: null })
    closers.push(() => transport.close())
    await teamsChannel(url, transport, link).send(notice('t'), signal)
    await slackChannel(url, transport, () => null).send({ ...notice('s'), title: 'R&D <b>' }, signal)
    expect(JSON.parse(bodies[0] ?? '')).toMatchObject({
      attachments: [
        {
          content: {
            body: [{ text: 'Title of t' }, { text: 'What.' }, { text: 'Do.' }],
            actions: [{ url: 'https://cosell.example/deals/D-1' }],
          },
        },
      ],
    })
    expect(JSON.parse(bodies[1] ?? '')).toMatchObject({ text: expect.stringContaining('R&amp;D &lt;b&gt;') as string })
    status = 403
    const refused = slackChannel(url, transport, link).send(notice('r'), signal)
    await expect(refused).rejects.toThrow(/answered 403/)
    await expect(refused).rejects.not.toThrow(/secret-path/)
  })
})
