import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { CliWorld } from '../../src/cli/app.js'
import { runProgram } from '../../src/cli/program.js'
import { findDeal } from '../../src/engine/find-deal.js'
import { installation, type Installation } from '../support/installation.js'

/** Commands with words as people paste them and as strangers write them. */
let here: Installation
let out = ''
let err = ''
beforeAll(async () => {
  here = await installation()
})
afterAll(() => here.close())

async function run(...argv: string[]): Promise<number> {
  out = ''
  err = ''
  const streams = { out: (text: string) => (out += text), err: (text: string) => (err += text) }
  return runProgram(argv, {
    io: { ...streams, outIsTty: true, errIsTty: false, inIsTty: false, color: true },
    loadConfig: () => Promise.resolve(here.load()),
    connect: () => Promise.resolve({ service: here.app.service, via: 'own', close: () => Promise.resolve() }),
    now: () => Date.now(),
    signal: new AbortController().signal,
    user: 'test',
    version: '1.2.3',
  } as unknown as CliWorld) // these commands need nothing else of the world
}
const inbound = async (name: string): Promise<{ id: string; referralId: string; crmId: string }> => {
  const { own } = here.sandbox.partnerCenter.inbound.coSell({ currency: 'EUR', name })
  await here.sync()
  const [deal] = (await here.app.service.deals({ search: own.id, limit: 1 })).deals
  return { id: deal?.id ?? '', referralId: own.id, crmId: deal?.crmId ?? '' }
}

describe('a deal', () => {
  it('is found by each of its ids as people paste them', async () => {
    const deal = await inbound('Pasted')
    expect(deal.crmId).not.toBe('')
    for (const name of [deal.id, ` ${deal.id}\n`, deal.referralId.toUpperCase(), `{${deal.crmId.toUpperCase()}}`, `${deal.crmId} `]) {
      expect([name, await run('deals', 'show', name, '--json')]).toEqual([name, 0])
      expect(JSON.parse(out)).toMatchObject({ id: deal.id })
    }
    expect(await run('deals', 'show', '{}')).toBe(1)
    const asked: string[] = []
    const store = { load: () => Promise.resolve(null), linksOf: ({ id }: { id: string }) => Promise.resolve(asked.push(id) > 0 ? [] : []) }
    await expect(findDeal({ store } as never, '006RM000003aBcD')).rejects.toThrow('No deal is known')
    expect(asked).toContain('006RM000003aBcDYAU')
  })

  it('is neither declined nor lost without a word of why', async () => {
    const deal = await inbound('Unanswered')
    for (const reason of ['', '  ', '\t']) {
      expect(await run('deals', 'decline', deal.id, '--reason', reason)).toBe(2)
      expect(err).toContain('--reason')
    }
    expect(await run('deals', 'lose', deal.id, '--reason', '', '--json')).toBe(2)
    expect([out, JSON.parse(err)]).toMatchObject(['', { error: { code: 'usage' } }])
    expect((await here.app.service.deal(deal.id, { live: false })).status).toBe('New')
  })
})

describe('an argument that is empty, as a variable of the shell that was never set', () => {
  it.each([
    [['deals', 'show', ''], '<deal>'],
    [['sync', ' '], '<deals>'],
    [['audit', ''], '<deal>'],
    [['conflicts', 'resolve', 'x', '', '--keep', 'crm'], '<field>'],
    [['apply', ''], '<file>'],
  ])('is refused before anything is done: %j', async (argv, name) => {
    expect(await run(...argv)).toBe(2)
    expect([out, err]).toEqual(['', expect.stringContaining(`${name} is empty`)])
    expect(await run(...argv, '--json')).toBe(2)
    expect([out, JSON.parse(err)]).toMatchObject(['', { error: { code: 'usage', message: expect.stringContaining(name) as string } }])
  })
})

describe("a stranger's text", () => {
  it('cannot steer the terminal that shows it', async () => {
    const deal = await inbound('Evil \u001b[8mhidden\u001b]0;title\u0007 \u009b2J \u202edetrevni\rover')
    const harmful = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202d\u202e]/
    const own = /\u001b\[(1|22)m|\r\n/g
    const commands = [
      ...[['deals', 'list'], ['deals', 'show', deal.id], ['deals', 'show', deal.id, '--live'], ['plan', deal.id], ['audit', deal.id]],
      ...[['runs', 'list'], ['deals', 'list', '--json'], ['audit', '--format', 'json'], ['audit', '--format', 'csv']],
    ]
    for (const command of commands) {
      expect(await run(...command)).toBe(0)
      expect([command, harmful.exec(out.replaceAll(own, ''))]).toEqual([command, null])
      expect([command, harmful.exec(err)]).toEqual([command, null])
    }
    await run('deals', 'show', deal.id, '--json')
    expect((JSON.parse(out) as { name: string }).name).toContain('\u001b[8mhidden\u001b]0;title\u0007 \u009b2J')
    await run('deals', 'list')
    expect(out).toContain('hidden')
    expect(out).toContain('\u001b[1m')
    expect(await run('deals', 'show', '\u001b[2Jnobody')).toBe(1)
    expect(err).not.toContain('\u001b')
  })
})

describe('the help of a command', () => {
  it('begins with an example of that command', async () => {
    expect(await run('--help')).toBe(0)
    const nouns = namesIn(out)
    expect(nouns.length).toBeGreaterThan(20)
    const lacking: string[] = []
    for (const noun of nouns) {
      await run(noun, '--help')
      const verbs = out.includes('\nCommands:') ? namesIn(out.slice(out.indexOf('\nCommands:'))) : []
      for (const path of [[noun], ...verbs.map((verb) => [noun, verb])]) {
        await run(...path, '-h')
        const said = path.join(' ')
        if (!out.startsWith('Examples:\n') || !out.includes(`  cosell ${said}`)) lacking.push(said)
      }
    }
    expect(lacking).toEqual([])
  }, 30_000)
})
const namesIn = (help: string): string[] => {
  const names = [...help.matchAll(/^ {2}([a-z]+)(?= |$)/gm)].map(([, name]) => name ?? '')
  return [...new Set(names)].filter((name) => !['cosell', 'help'].includes(name))
}
