import { mkdirSync, mkdtempSync, rmSync, writeFileSync, readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it, test, vi } from 'vitest'
import { settingsAhead } from '../../src/administer.js'
import type { CliWorld } from '../../src/cli/app.js'
import { runningService } from '../../src/cli/connection.js'
import { realClock } from '../../src/clock.js'
import { answersOf } from '../../src/cli/init.js'
import { momentIn } from '../../src/cli/options.js'
import { runProgram } from '../../src/cli/program.js'
import { ConfigError, exampleConfig } from '../../src/config/index.js'
import { Fault } from '../../src/core/fault.js'
import type { Service } from '../../src/engine/views.js'
import { openStore } from '../../src/store/index.js'
import { startSandbox } from '../../src/sandbox/sandbox.js'
import { installation, type Installation } from '../support/installation.js'

let here: Installation
let folder: string
let out = ''
let err = ''
beforeAll(async () => {
  here = await installation()
  folder = mkdtempSync(join(tmpdir(), 'cosell-commands-'))
})
afterAll(async () => {
  await here.close()
  rmSync(folder, { recursive: true, force: true })
})

function world(): CliWorld {
  const none = (): Promise<never> => Promise.reject(new Error('not in this test'))
  return {
    io: { out: (text) => (out += text), err: (text) => (err += text), outIsTty: false, errIsTty: false, inIsTty: false, color: false },
    loadConfig: () => Promise.resolve(here.load()),
    loadTenants: () => Promise.resolve([here.load()]),
    connect: () => Promise.resolve({ service: here.app.service, via: 'own' as const, close: () => Promise.resolve() }),
    administer: none,
    settingsAhead: (loaded) => settingsAhead(loaded.config, realClock),
    start: none,
    demo: none,
    sandbox: ({ port }) => startSandbox({ port, seed: 1, customFields: 'cosell' }).then(({ close }) => close()),
    now: () => Date.UTC(2026, 10, 30),
    signal: new AbortController().signal,
    user: 'test',
    version: '1.2.3',
  }
}
function run(...argv: string[]): Promise<number> {
  out = ''
  err = ''
  return runProgram(argv, world())
}
const file = (name: string, text: string): string => {
  const path = join(folder, name)
  writeFileSync(path, text)
  return path
}

describe('[R45] a wrong use of a command ends with 2 and says what is right', () => {
  test.each([
    [['deals', 'list', '--state', 'broken'], 'in-sync, pending, needs-attention'],
    [['deals', 'list', '--limit', 'many'], 'whole number from 1 to 1000'],
    [['runs', 'list', '--limit', '0'], 'whole number from 1 to 1000'],
    [['audit', '--since', 'yesterday'], 'how long ago like 90m'],
    [['audit', '--format', 'xml'], 'json, csv'],
    [['conflicts', 'resolve', 'deal', 'name', '--keep', 'both'], 'partner, crm'],
    [['start', '--role', 'boss'], 'all, server, worker'],
    [['demo', '--crm', 'excel'], 'dynamics, salesforce'],
    [['sandbox', '--port', '99999'], 'whole number from 0 to'],
    [['delas', 'list'], 'Did you mean deals?'],
  ])('%j', async (argv, said) => {
    expect(await run(...argv)).toBe(2)
    expect(err).toContain(said)
    expect(out).toBe('')
  })
})

describe('with --json', () => {
  it.each([
    [['deals', 'show', '--json'], "missing required argument 'deal'"],
    [['deals', 'list', '--state', 'broken', '--json'], 'Allowed choices'],
    [['delas', 'list', '--json'], 'Did you mean deals?'],
    [['deals', '--json'], 'a noun wants a verb'],
    [['runs', 'retry', '--json'], 'Name one deal, or give --all.'],
  ])('%j says what is wrong as one JSON document on stderr, and nothing on stdout', async (argv, said) => {
    expect(await run(...argv)).toBe(2)
    expect(out).toBe('')
    expect(JSON.parse(err)).toEqual({
      error: { code: 'usage', message: expect.stringContaining(said) as string, hint: expect.stringContaining('--help') as string, docs: expect.any(String) as string },
    })
  })

  it('a configuration that cannot be used is told with every problem and a hint', async () => {
    const problem = { path: '', line: null, column: null, message: 'it does not exist', hint: 'Correct the path.' }
    const given = { ...world(), loadConfig: () => Promise.reject(new ConfigError('/nowhere.yaml', [problem])) }
    out = err = ''
    expect(await runProgram(['deals', 'list', '--json'], given)).toBe(2)
    expect(out).toBe('')
    expect(JSON.parse(err)).toMatchObject({ error: { code: 'configuration', hint: 'Correct the path.', docs: 'docs/configuration.md', problems: [problem] } })
  })

  it('a script for the shell comes as JSON too', async () => {
    expect(await run('completion', 'bash', '--json')).toBe(0)
    expect(JSON.parse(out)).toMatchObject({ shell: 'bash', script: expect.stringContaining('complete -o') as string })
  })
})

it('every command says in its help that it takes --json and --config, the ledger too', async () => {
  for (const argv of [['audit'], ['audit', 'erase'], ['deals', 'list'], ['sync']]) {
    expect(await run(...argv, '--help')).toBe(0)
    expect(out).toContain('--json')
    expect(out).toContain('--config')
  }
})

it('the overview shows the commands by what they are for, none of them without a place', async () => {
  expect(await run('--help')).toBe(0)
  const titles = [...out.matchAll(/^(\S.*):$/gm)].map(([, title]) => title)
  expect(titles).toEqual(['Examples', 'Options', 'Look around', 'Set up', 'Every day', 'Run it'])
})

it('init writes the file that --config names', async () => {
  const path = join(folder, 'named.yaml')
  expect(await run('init', '--config', path)).toBe(0)
  expect(readFileSync(path, 'utf8')).toContain('partnerCenter:')
})

it('the list of deals goes on beyond one page, as far as it is wanted', async () => {
  const many = Array.from({ length: 2_345 }, (_, index) => ({ id: `deal-${index}`, name: null, state: 'in-sync', status: null, problem: null }))
  const deals: Service['deals'] = ({ limit, after }) => {
    const from = Number(after ?? 0)
    const upTo = from + limit
    return Promise.resolve({ deals: many.slice(from, upTo) as never, next: upTo < many.length ? String(upTo) : null, total: many.length })
  }
  const given = { ...world(), connect: () => Promise.resolve({ service: { ...here.app.service, deals }, via: 'own' as const, close: () => Promise.resolve() }) }
  const listed = async (...argv: string[]): Promise<{ deals: { id: string }[]; next: string | null }> => {
    out = ''
    expect(await runProgram(['deals', 'list', '--json', ...argv], given)).toBe(0)
    return JSON.parse(out) as { deals: { id: string }[]; next: string | null }
  }
  expect((await listed()).deals.map(({ id }) => id)).toEqual(many.map(({ id }) => id))
  expect(await listed('--limit', '1500')).toMatchObject({ deals: { length: 1_500 }, next: '1500' })
})

describe('config show', () => {
  const shown = async (): Promise<{ config: { sync: { flows: object } }; origins: Record<string, string> }> => {
    expect(await run('config', 'show', '--origin', '--json')).toBe(0)
    return JSON.parse(out) as Awaited<ReturnType<typeof shown>>
  }

  it('[R39] shows a switch as it was turned, and which version says so', async () => {
    await here.app.service.setFlow('crmToPartner', 'observe', 'ada')
    const { config, origins } = await shown()
    expect(config.sync.flows).toEqual({ partnerToCrm: 'on', crmToPartner: 'observe' })
    expect(origins).toMatchObject({ 'sync.flows.partnerToCrm': 'default', 'sync.flows.crmToPartner': expect.stringMatching(/^version \d+ \(command by ada\)$/) as string })
    await here.app.service.setFlow('crmToPartner', 'on', 'ada')
    expect((await shown()).origins).toMatchObject({ 'sync.flows.crmToPartner': 'default' })
  })

  it('shows the file where the store cannot be asked, and says so', async () => {
    out = err = ''
    const away = new Fault('offline', 'The PostgreSQL store cannot be reached: down', { remedy: 'Start it.' })
    expect(await runProgram(['config', 'show'], { ...world(), settingsAhead: () => Promise.reject(away) })).toBe(0)
    expect(JSON.parse(out)).toMatchObject({ sync: { flows: { crmToPartner: 'on' } } })
    expect(err).toContain('cannot be reached: down')
  })
})

it('a PostgreSQL server that is away ends a command with 3, like any system that cannot be reached', async () => {
  const open = (): Promise<never> => openStore({ url: 'postgres://cosell:hidden@127.0.0.1:1/cosell', now: () => 0 }).then(() => expect.fail('it was reached'))
  out = err = ''
  expect(await runProgram(['deals', 'list'], { ...world(), connect: open })).toBe(3)
  expect(err).toContain('The PostgreSQL store cannot be reached')
  expect(err).not.toContain('hidden')
})

it('--yes is taken by every command, before it or after it, also where nothing is asked', async () => {
  const zip = join(folder, 'x.zip')
  for (const argv of [
    ['install', 'package', '--crm', 'dynamics', '--out', zip, '--yes'],
    ['--yes', 'install', 'package', '--crm', 'dynamics', '--out', zip],
    ['config', 'versions', '--yes'],
    ['audit', '--yes'],
  ])
    expect([argv, await run(...argv)]).toEqual([argv, 0])
  // There is nothing to go back to; that --yes is no option would be 2.
  for (const flag of ['--yes', '--dry-run']) expect([await run('config', 'rollback', flag), err]).toEqual([1, expect.stringContaining('no earlier')])
})

it('the ledger is shown in words, not in its stored form', async () => {
  await here.app.service.setFlow('all', 'on', 'ada')
  expect(await run('audit')).toBe(0)
  expect(out).toContain('flow all: on')
  expect(out).not.toContain('{"')
})

describe('what is wrong on this machine is no bug', () => {
  it('a plan that is missing, is a folder, or is none', async () => {
    expect(await run('apply', join(folder, 'nowhere.json'))).toBe(2)
    expect(err).toMatch(/There is no file .*nowhere\.json\./)
    expect(await run('apply', folder)).toBe(2)
    expect(err).toContain('is a folder')
    for (const text of ['', 'not json', '[]', '{"version":2,"items":[]}', '{"version":1,"items":[{"deal":null}]}', '{"version":1,"items":[null]}']) {
      expect([text, await run('apply', file('plan.json', text))]).toEqual([text, 2])
      expect(err).toContain('is no plan')
      expect(err).toContain('cosell plan --out FILE')
    }
  })

  it('a port that is taken, which leaves none of the others open', async () => {
    const taken = createServer().listen(0, '127.0.0.1')
    await new Promise((resolve) => taken.once('listening', resolve))
    const { port } = taken.address() as AddressInfo // it listens
    expect(await run('sandbox', '--port', String(port - 1))).toBe(2)
    expect(err).toContain(`Another process listens on 127.0.0.1:${port} already.`)
    const again = createServer().listen(port - 1, '127.0.0.1')
    await new Promise((resolve, reject) => again.once('listening', resolve).once('error', reject))
    for (const server of [taken, again]) await new Promise((resolve) => server.close(resolve))
  })
})

describe('a service that runs', () => {
  it('is found by the socket beside its store, and answers every command', async () => {
    const { config } = here.load()
    const running = await runningService(config, 'kim')
    const { total } = (await running?.deals({ limit: 1, after: null })) ?? expect.fail('the running service was not found')
    expect(total).toBeGreaterThanOrEqual(0)
    await expect(running?.deal('nobody', { live: false })).rejects.toMatchObject({ kind: 'missing' })
    await expect(running?.deals({ limit: -1, after: null })).rejects.toMatchObject({ kind: 'misconfigured' })
  })

  it('is found by its address where the path of the store is too long for a socket', async () => {
    const { config } = here.load()
    const adminTokens = ['token-of-a-script-1']
    const listen = { host: '127.0.0.1', port: Number(new URL(here.address).port) }
    const far = { ...config, stateFolder: join('/tmp', 'x'.repeat(120)), server: { ...config.server, listen, adminTokens } }
    expect(await runningService(far, 'kim')).not.toBeNull()
    expect(await runningService({ ...far, stateFolder: '/tmp/nowhere' }, 'kim')).toBeNull()
  })
})

it('a service that is too busy to answer at once is waited for: its store is not free', async () => {
  const state = join(folder, 'busy')
  mkdirSync(state)
  const config = { ...here.load().config, stateFolder: state }
  expect(await runningService(config, 'kim')).toBeNull()
  const busy = createServer((_request, response) => setTimeout(() => response.end('{}'), 2_000)).listen(join(state, 'cosell.sock'))
  await new Promise((resolve) => busy.once('listening', resolve))
  expect(await runningService(config, 'kim')).not.toBeNull()
  await new Promise((resolve) => busy.close(resolve))
})

it('an installation that does not show in what is read back is not called found', async () => {
  const item = { id: 'list', what: 'List view "Partner Center"', state: 'missing', change: 'make it', touches: 'new', note: null } as const
  const installation = { apply: () => Promise.resolve({ done: ['made the list'], items: [item] }) }
  out = ''
  const administer: CliWorld['administer'] = () => Promise.resolve({ desk: { installation }, close: () => Promise.resolve() } as never) // no other part of the desk is asked
  expect(await runProgram(['install', 'apply'], { ...world(), administer })).toBe(1)
  expect(out).toContain('1 change, read back, and not all of it was found.')
})

it('a plan is carried out as it was written to its file, over the running service, and refused where the deal has changed', async () => {
  const ids = ['Planned one', 'Planned two'].map((name) => here.completeOpportunity(name))
  for (const id of ids) here.share(id)
  const service = (await runningService(here.load().config, 'kim')) ?? expect.fail('the running service was not found')
  const command = (...argv: string[]): Promise<number> => {
    out = ''
    return runProgram(argv, { ...world(), connect: () => Promise.resolve({ service, via: 'running', close: () => Promise.resolve() }) })
  }
  const path = join(folder, 'shares.json')
  expect(await command('plan', '--out', path)).toBe(0)
  expect(out).toContain('2 to create')
  expect(out).toContain('name: – -> ')
  expect(out).not.toContain('– -> –')
  here.seller.edit('opportunity', ids[1] ?? '', { description: 'Edited after the plan' })
  expect(await command('apply', path, '--json')).toBe(1)
  expect(JSON.parse(out)).toMatchObject({ applied: 1, refused: [{ why: expect.stringContaining('has changed in the CRM') as string }] })
  expect(ids.map((id) => here.ownReferrals(id).length)).toEqual([1, 0])
  expect(await command('apply', path)).toBe(1) // What was done is not done again.
  expect(ids.map((id) => here.ownReferrals(id).length)).toEqual([1, 0])
})

it('doctor tells of a store that cannot be opened like of anything else that is missing', async () => {
  out = err = ''
  const away = new Fault('offline', 'The PostgreSQL store cannot be reached: down.', { remedy: 'Start its server.' })
  expect(await runProgram(['doctor', '--json'], { ...world(), connect: () => Promise.reject(away) })).toBe(1)
  expect(JSON.parse(out)).toEqual({ checks: [{ name: 'store', status: 'fail', detail: away.message, remedy: away.remedy }] })
  await expect(runProgram(['doctor'], { ...world(), connect: () => Promise.reject(new Error('odd')) })).resolves.toBe(70)
})

it('a long sync shows on a terminal how far it is, and nothing of it elsewhere', async () => {
  const shown = async (errIsTty: boolean): Promise<string> => {
    out = err = ''
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] })
    const left = [30, 12, 0]
    const overview: Service['overview'] = async () => ({ ...(await here.app.service.overview()), queue: { due: left.shift() ?? 0, leased: 0 } as never })
    const sync: Service['sync'] = async (options) => {
      const summary = await here.app.service.sync(options)
      for (let looks = 0; looks < 2; looks += 1) {
        await vi.advanceTimersByTimeAsync(1_000)
        await here.app.service.overview()
        await new Promise((resolve) => setImmediate(resolve))
      }
      return summary
    }
    const given = world()
    const connect = (): ReturnType<CliWorld['connect']> => Promise.resolve({ service: { ...here.app.service, overview, sync }, via: 'own', close: () => Promise.resolve() })
    await runProgram(['sync', '--json'], { ...given, io: { ...given.io, errIsTty }, connect })
    vi.useRealTimers()
    JSON.parse(out)
    return err
  }
  expect(await shown(true)).toContain('18/30 deals worked')
  expect(await shown(false)).toBe('')
})

it('doctor tells of variables that are no settings', async () => {
  const given = world()
  out = ''
  const odd = { ...here.load(), warnings: ['COSELL_SYNC_POL is set but is no setting.'] }
  await runProgram(['doctor', '--json'], { ...given, loadConfig: () => Promise.resolve(odd) })
  const { checks } = JSON.parse(out) as { checks: { name: string; status: string; detail: string }[] }
  expect(checks[0]).toMatchObject({ name: 'configuration', status: 'warn', detail: 'COSELL_SYNC_POL is set but is no setting.' })
})

it('tells the version in both ways people ask for it', async () => {
  for (const argv of [['--version'], ['-V'], ['version']]) {
    expect(await run(...argv)).toBe(0)
    expect(out).toBe('1.2.3\n')
  }
})

describe('an order that the referral does not allow', () => {
  it('is refused with the reason, and changes nothing', async () => {
    const { portal, inbound } = here.sandbox.partnerCenter
    const answered = portal.create('private', { name: 'Answered', details: { currency: 'EUR' } }).own
    const waiting = inbound.coSell({ currency: 'EUR' }).own
    await here.sync()
    expect(await run('deals', 'decline', answered.id, '--reason', 'No time')).toBe(1)
    expect(err).toMatch(/was not changed\. The referral was already answered \(Active\/Accepted\)\./)
    expect(here.sandbox.partnerCenter.referral(answered.id)).toMatchObject({ status: 'Active' })
    expect(await run('deals', 'win', waiting.id)).toBe(1)
    expect(err).toContain('Accept the referral first.')
    expect(await run('deals', 'accept', answered.id)).toBe(0)
    expect(await run('deals', 'accept', waiting.id)).toBe(0)
    expect(here.sandbox.partnerCenter.referral(waiting.id)).toMatchObject({ status: 'Active', substatus: 'Accepted' })
    expect(await run('deals', 'share', waiting.id)).toBe(1)
    expect(err).toContain('is shared with Microsoft already')
    expect(await run('deals', 'win', answered.id)).toBe(0)
    expect(await run('deals', 'share', answered.id)).toBe(1)
    expect(err).toContain('already closed')
  })
})

describe('cosell init', () => {
  it('writes the file without asking where nobody can answer, and says which variables it needs', async () => {
    const path = join(folder, 'init.yaml')
    expect(await run('init', '--file', path)).toBe(0)
    expect(readFileSync(path, 'utf8')).toContain('kind: dynamics')
    expect(err).toMatch(/PC_CLIENT_SECRET.*\n.*CRM_CLIENT_SECRET/)
    expect(await run('init', '--file', path)).toBe(2)
    expect(err).toContain('--yes')
    expect(await run('init', '--file', path, '--yes', '--crm', 'salesforce', '--json')).toBe(0)
    expect(JSON.parse(out)).toMatchObject({ file: path, variables: { ADMIN_TOKEN: expect.any(String) as string } })
    expect(readFileSync(path, 'utf8')).toContain('kind: salesforce')
  })

  it('asks a person for what differs between companies, and for no secret', async () => {
    const asked: string[] = []
    const given = ['production', 'fabrikam.onmicrosoft.com', 'client-1', '7654321', 'https://fabrikam.crm4.dynamics.com', 'client-2', '']
    const answers = await answersOf(
      { choose: () => Promise.resolve('dynamics'), text: (question) => Promise.resolve(given[asked.push(question) - 1] ?? null) },
      null,
    )
    expect(asked.join()).not.toMatch(/secret|password|token/i)
    const text = exampleConfig(answers ?? expect.fail('no answers'))
    expect(text).toContain('tenant: fabrikam.onmicrosoft.com')
    expect(text).toContain('url: https://fabrikam.crm4.dynamics.com')
    expect(text).toContain('partnerId: "7654321"')
    expect(text).toMatch(/# publicUrl/)
  })

  it('writes nothing when the person leaves', async () => {
    expect(await answersOf({ choose: () => Promise.resolve('dynamics'), text: () => Promise.resolve(null) }, null)).toBeNull()
    expect(await answersOf({ choose: () => Promise.resolve(null), text: () => Promise.resolve('x') }, null)).toBeNull()
  })
})

it('a moment is a date, a time, or how long ago', () => {
  const now = Date.UTC(2026, 10, 30, 12)
  expect(momentIn('2026-11-01', now)).toBe(Date.UTC(2026, 10, 1))
  expect(momentIn('2026-11-01T08:00:00Z', now)).toBe(Date.UTC(2026, 10, 1, 8))
  expect(momentIn('36h', now)).toBe(now - 36 * 3_600_000)
  expect(momentIn('7d', now)).toBe(now - 7 * 86_400_000)
  for (const text of ['', 'yesterday', '7', '7w', '-1h', '1e9d']) expect(momentIn(text, now)).toBeNull()
})
