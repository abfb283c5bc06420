import type { Store } from '../../src/core/ports.js'
import { SIDES } from '../../src/core/ref.js'
import { brakeName, type Brake } from '../../src/engine/sweep.js'
import { NoAnswer, type Transport } from '../../src/remote/transport.js'
import type { SimHandler, SimSend } from '../../src/sandbox/http.js'
import { partnerCenter, type PartnerCenter, type PartnerCenterOptions } from '../../src/sandbox/partner-center/index.js'
import { seededRng, type SandboxRng } from '../../src/sandbox/rng.js'
import { memoryStore } from '../support/memory-store.js'
import type { CrmKind, CrmOptions, CrmSide } from './crm.js'
import { leapClock, quiet, wait, type LeapClock } from './hand-clock.js'
import { changeAll, pairFromBefore, putBack, type CrowdStory, type Pair } from './before.js'
import type { Violation } from './checker-words.js'
import { CRMS } from './crms.js'
import { startNode, type Node } from './node.js'
import { atStart, office, type Office } from './office.js'
import { play, type Stage } from './people.js'
import { mortal, mortalClock, mortalStore, simProcess, type Mortality } from './process.js'
import type { Rare } from './rare.js'
import type { Twins } from './rare-people.js'
import type { Act, Script } from './script.js'
import { truth, type Truth } from './truth.js'
import type { Weather } from './weather.js'

/** One remote call of the product that may have changed something. */
export interface WriteCall {
  readonly atMs: number
  readonly what: string
}

/** The world of one run. */
export interface World {
  readonly clock: LeapClock
  readonly store: Store
  readonly partner: PartnerCenter
  readonly crm: CrmSide
  readonly truth: Truth
  readonly trace: string[]
  readonly writes: WriteCall[]
  /** What was seen to be wrong at the moment it happened. */
  readonly breaches: Violation[]
  /** Acts that were done, by kind, and what else happened, counted. */
  readonly counts: Map<string, number>
  play(act: Act): Promise<void>
  /** Somebody changes every deal of the crowd, and no event tells of it. */
  stirCrowd(): Promise<void>
  readonly crowd: CrowdStory | null
  readonly office: Office
  readonly twins: readonly Twins[]
  /** Where a brake is pulled, a person looks at it and answers. */
  answerBrakes(): Promise<void>
  /** Lets this much time pass. */
  pass(ms: number): Promise<void>
  /** No more faults: every process is started anew, events arrive, requests are answered. */
  clear(): void
  /** A hint about every record, as if somebody had touched each. */
  hintAll(): Promise<void>
}

const start = Date.UTC(2026, 10, 2, 9)
const beforeMs = 3_600_000 // Every listing shows by now what stood there before the connector came.
// A brake that is released or put back is over with the next sweep; three looks are for two sides and a person in between.
const crowdLinksMs = 300_000 // The first sync of so many deals is through by then, with or without faults.
const looksMost = 6
const lookEveryMs = 90_000
/** Where a value stands in what is written, in any of the systems. */
const WRITTEN: Readonly<Record<string, RegExp>> = {
  notes: /"description"|"Description"|\/details\/notes/,
  value: /"estimatedvalue"|"estimatedamount"|"Amount"|"Cosell_Deal_Value__c"|\/details\/dealValue/,
  date: /"estimatedclosedate"|"CloseDate"|"Cosell_Closing_Date__c"|\/details\/closingDateTime/,
}
const isFurtherPage = (url: string): boolean => /skiptoken|\/query\/[^?]/i.test(url)
const traceMost = 4_000

export interface WorldGiven {
  readonly seed: number
  readonly crm: CrmKind
  readonly weather: Weather
  readonly script: Script
  readonly rare: Rare | null
  readonly options: { readonly partner: Partial<PartnerCenterOptions>; readonly crm: CrmOptions }
}

export function world({ seed, crm: kind, weather: drawn, script, rare, options }: WorldGiven): World {
  const clock = leapClock(start)
  const rngs = (part: number): SandboxRng => seededRng(Math.imul(seed + 1, 2_654_435_761) ^ Math.imul(part, 40_503))
  const trace: string[] = []
  const tell = (line: string): void => {
    if (trace.length < traceMost) trace.push(`${new Date(clock.now()).toISOString().slice(5, 23)} ${line}`)
  }
  let weather = drawn
  const sendRng = rngs(1)
  const store = memoryStore({ random: () => sendRng.next() })
  const nodes: (Node | null)[] = []
  const desk = office(rare)
  const living = (): Node[] => nodes.filter((node): node is Node => node !== null && !node.process.isDead())

  const deliver =
    (source: 'partner-center' | 'crm'): SimSend =>
    async (url, { headers, body, timeoutMs }) => {
      const lower = Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]))
      const node = living()[sendRng.int(Math.max(1, living().length))]
      if (node === undefined) throw new Error('connection refused')
      const timeout = new Promise<never>(
        (_, reject) =>
          void clock.at(clock.now() + timeoutMs, () => reject(Object.assign(new Error('no answer'), { name: 'TimeoutError' }))),
      )
      const status = await Promise.race([node.receive(source, { headers: lower, url: new URL(url).pathname, body }), timeout])
      return { status }
    }
  const partner = partnerCenter({
    clock,
    rng: rngs(2),
    verify: () => ({
      ok: true,
      claims: { tid: '77b9d0de-4f0e-4cf7-a1d2-2b8e6a1f4c55', appid: 'app', upn: 'ana@partner.example', amr: ['pwd', 'mfa'] },
    }),
    send: deliver('partner-center'),
    // Signatures are not looked at here.
    signer: { algorithm: 'rsa-sha256', certificateName: 'x', certificate: () => Buffer.alloc(0), sign: () => 'c2lnbmVk' },
    options: {
      ...options.partner,
      publicBase: 'https://pc.test',
      listingLagMs: weather.listingLagMs,
      eventLossRate: weather.eventLoss,
      eventDuplicateRate: weather.eventDuplicate,
      eventReorderRate: weather.eventLateMs > 0 ? 0.5 : 0,
      eventReorderMs: Math.max(1, weather.eventLateMs),
    },
  })
  const crm = CRMS[kind].make({
    clock,
    rng: rngs(3),
    send: deliver('crm'),
    options: options.crm,
    eventLoss: weather.eventLoss,
    eventDuplicate: weather.eventDuplicate,
    eventLateMs: weather.eventLateMs,
  })
  partner.webhook.set({
    url: 'https://cosell.test/hooks/partner-center',
    events: ['referral-created', 'referral-updated', 'related-referral-created', 'related-referral-updated'],
  })
  partner.faults.set(weather.partnerFaults)
  crm.faults.set(weather.crmFaults)
  const seen = truth({ partner, crm, clock })
  const loseEvents = (rate: number): void => {
    Object.assign(partner.options, { eventLossRate: rate })
    crm.loseEvents(rate)
  }
  const writes: WriteCall[] = []
  const breaches: Violation[] = []
  const counts = new Map<string, number>()
  const count = (what: string): void => void counts.set(what, (counts.get(what) ?? 0) + 1)
  /** Requests inside a simulator. What happens meanwhile could be anybody's: nobody else acts then. */
  let underWay = 0

  /** A remote system as one process reaches it: slow, sometimes silent, and carrying out what a dead process has sent. */
  const reach =
    (name: string, handle: SimHandler, life: Mortality): Transport =>
    async ({ method, url, headers, body, timeoutMs }) => {
      const { rng } = life
      // Stopped between the last line of the product and the wire, a create goes out after its lease: Partner Center knows no unique mark
      // that could refuse it. docs/proof.md says so; every other call is stopped here.
      const isUnmarkedCreate =
        name === 'CRM'
          ? crm.makesUnmarked({ method, body: String(body) })
          : method === 'POST' && url.endsWith('/engagements/referrals')
      if (weather.pause > 0 && rng.chance(weather.pause) && !isUnmarkedCreate) {
        const ms = rng.pick([10_000, 40_000, 70_000, 200_000])
        tell(`a process is stopped for ${ms} ms before ${method} ${url.slice(-60)}`)
        life.process.stopUntil(clock.now() + ms)
      }
      const { host, pathname, search } = new URL(url)
      const lower = Object.fromEntries(Object.entries(headers).map(([key, value]) => [key.toLowerCase(), value]))
      const exchange = async (): ReturnType<SimHandler> => {
        await wait(clock, rng.int(weather.latencyMs + 1))
        if (method === 'GET' && weather.torn > 0 && isFurtherPage(url) && rng.chance(weather.torn)) {
          count('a page of a listing broke off')
          return { status: 502, headers: {}, body: '' }
        }
        if (method !== 'GET' && underWay === 0 && weather.rush > 0 && rng.chance(weather.rush))
          rush(name === 'CRM' ? 'crm' : 'partner', rng, weather.aimed ? `${pathname} ${String(body)}` : null)
        if (name === 'PC' && method === 'PATCH') watchClosed(pathname, lower['if-match'])
        seen.look('person')
        underWay += 1
        const before = seen.happenings.length
        const answer = await handle({
          method,
          path: `${pathname}${search}`,
          headers: { ...lower, host },
          body: Buffer.from(body ?? ''),
        })
        underWay -= 1
        const isWrite = name === 'CRM' ? crm.isWrite({ method, path: pathname, body: String(body) }) : method !== 'GET'
        seen.look('cosell')
        if (isWrite) writes.push({ atMs: clock.now(), what: `${method} ${pathname} ${answer.drop === true ? 'dropped' : answer.status}` })
        if (isWrite || answer.status >= 400 || answer.drop === true)
          tell(
            `${name} ${method} ${pathname}${search.slice(0, 60)} -> ${answer.drop === true ? 'no answer' : answer.status}${isWrite ? ` ${String(body).replaceAll(/\s+/g, ' ').slice(0, 700)}` : ''}${answer.status >= 400 ? ` ${String(answer.body).slice(0, 300)}` : ''}`,
          )
        for (const { record, field, from, to } of seen.happenings.slice(before))
          if (field !== 'made') tell(`   ${record.kind} ${record.id} ${field}: ${String(from)} -> ${String(to)}`)
        return answer
      }
      return mortal(life, async () => {
        const hangs = weather.hang > 0 && rng.chance(weather.hang)
        const backMs = hangs ? timeoutMs : rng.int(weather.latencyMs + 1)
        const answer = await exchange()
        await wait(clock, backMs)
        if (hangs) throw new NoAnswer('no answer in time', { sent: true, cause: null })
        if (answer.drop) throw new NoAnswer('the connection was reset', { sent: true, cause: null })
        const flat = Object.entries(answer.headers).map(([key, value]): [string, string] => [key.toLowerCase(), [value].flat().join(', ')])
        return { status: answer.status, headers: Object.fromEntries(flat), body: Buffer.from(answer.body) }
      })
    }

  let numbers = 0
  const stage: Stage = {
    ...{ partner, crm, truth: seen, store, office: desk, twins: [], now: clock.now },
    node: () => living()[0] ?? null,
    fresh: () => (numbers += 1),
  }
  /** Somebody edits in the moment between our look and our write; `at` names what is written, if it shall be that. */
  const rush = (side: 'partner' | 'crm', rng: SandboxRng, at: string | null): void => {
    const all = side === 'crm' ? (['crm.notes', 'crm.value', 'crm.date'] as const) : (['partner.notes', 'partner.value', 'partner.date'] as const)
    const written = all.filter((one) => at !== null && WRITTEN[one.slice(one.indexOf('.') + 1)]?.test(at) === true)
    const about = at === null ? undefined : [...seen.records.keys()].find((id) => at.includes(id))
    const kind = rng.pick(written.length === 0 ? all : written)
    const edit = { afterMs: 0, kind, pick: rng.int(1_000_000), ...(about === undefined ? {} : { about }) }
    count(about === undefined ? 'an edit in the moment before a write' : 'an edit of the very record in the moment before a write')
    // The edit itself is done at once; only its words come later.
    void play(stage, edit).then((told) => void (told !== null && tell(`! ${told}`)))
  }
  /** A patch under the version of a closed referral was planned by somebody who saw that it is closed. */
  const watchClosed = (pathname: string, ifMatch: string | undefined): void => {
    const referral = partner.referral(pathname.slice(pathname.lastIndexOf('/') + 1))
    if (referral?.status === 'Closed' && (ifMatch === undefined || ifMatch.includes(referral.eTag.replaceAll('"', ''))))
      breaches.push({ invariant: 'closed', text: `Referral ${referral.id} was patched although it was known to be closed.` })
  }
  let births = 0
  const launch = (place: number): void => {
    births += 1
    const process = simProcess(clock)
    const life: Mortality = { process, rng: rngs(100 + births), crash: () => weather.crash, storeTrouble: () => weather.storeTrouble }
    const skewMs = weather.skewMs === 0 ? 0 : life.rng.int(2 * weather.skewMs) - weather.skewMs
    tell(`process ${place} starts`)
    const node = startNode({
      process,
      clock: mortalClock(clock, process, skewMs),
      rng: life.rng,
      policy: desk.inForce,
      strange: rare?.strange === true,
      store: mortalStore(store, life),
      partnerTransport: reach('PC', partner.handle, life),
      crm,
      crmTransport: reach('CRM', crm.handle, life),
      warn: (message, details) => tell(`warning: ${message} ${JSON.stringify(details).slice(0, 200)}`),
    })
    nodes[place] = node
    if (rare !== null) void atStart(node.engine, desk).catch((error: unknown) => tell(`warning: switches: ${String(error)}`))
  }
  const pairs: Pair[] = []
  // What happened before the connector came raised no event that it hears.
  loseEvents(1)
  for (const legacy of script.legacy) pairFromBefore(stage, legacy)
  for (let left = script.crowd?.deals ?? 0; left > 0; left -= 1) pairs.push(pairFromBefore(stage, 'both name each other'))
  seen.look('person')
  // The callbacks are set up when the first sync is through.
  let isDeaf = script.legacy.length + pairs.length > 0
  if (isDeaf) clock.advance(beforeMs)
  else loseEvents(weather.eventLoss)
  let crowd: CrowdStory | null = null
  for (let place = 0; place < weather.workers; place += 1) launch(place)
  const reviveMs = 5_000
  const hear = async (): Promise<void> => {
    if ((await store.getValue('swept.partner')) === null) return
    isDeaf = false
    loseEvents(weather.eventLoss)
  }
  const revive = (): void => {
    if (isDeaf) void hear()
    nodes.forEach((node, place) => {
      if (node?.process.isDead() === true) launch(place)
    })
    clock.at(clock.now() + reviveMs, revive)
  }
  clock.at(clock.now() + reviveMs, revive)

  const pass = async (ms: number): Promise<void> => {
    const untilMs = clock.now() + ms
    for (;;) {
      await quiet()
      const next = clock.nextAt()
      if (next === null || next > untilMs) break
      clock.advance(Math.max(0, next - clock.now()))
    }
    clock.advance(Math.max(0, untilMs - clock.now()))
    await quiet()
    seen.look('person')
  }
  /** Where the listing hides Microsoft's referrals and their events were lost, nobody can know of them; nor is one looked for when a closed record is opened again. */
  const canBeKnown = (id: string): boolean =>
    options.partner.relatedInListing === 'shown' &&
    !seen.happenings.some(
      ({ record, field, from, to }) =>
        record.side === 'crm' &&
        field === 'stage' &&
        /^(won|lost)/.test(String(from)) &&
        /^(open|waiting)/.test(String(to)) &&
        (record.id === id || record.shown.otherId === id),
    )
  return {
    clock,
    store,
    partner,
    crm,
    truth: seen,
    trace,
    writes,
    breaches,
    counts,
    get crowd() {
      return crowd
    },
    pass,
    office: desk,
    twins: stage.twins,
    async stirCrowd() {
      if (script.crowd === null) return
      await pass(crowdLinksMs)
      loseEvents(1)
      const edits = changeAll(stage, script.crowd, pairs)
      seen.look('person')
      if (!isDeaf) loseEvents(weather.eventLoss)
      tell(`* ${edits.size} deals are changed at once in ${script.crowd.side}, without an event`)
      const { links } = await store.list({ limit: 1_000 })
      const isLinked = ({ base, ends }: (typeof links)[number]): boolean => base !== null && ends.partner !== null && ends.crm !== null
      const linked = new Set(links.filter(isLinked).map(({ id }) => id))
      const { side } = script.crowd
      const midSweep = living().some(({ sweeping }) => sweeping.has(side))
      crowd = { crowd: script.crowd, pairs, edits, linked, midSweep, atMs: clock.now(), releasedAtMs: null, brakes: 0 }
    },
    async answerBrakes() {
      if (crowd === null) return
      let { answer }: { answer: string } = crowd.crowd
      for (let looks = 0; looks < looksMost; looks += 1) {
        await pass(lookEveryMs)
        const pulled = await Promise.all(SIDES.map((side) => store.getValue<Brake | null>(brakeName(side))))
        if (!pulled.some((brake) => brake?.value != null)) continue
        crowd.brakes += 1
        count('the brake was pulled')
        count(`a person answered the brake: ${answer}`)
        tell(`* a person answers the brake: ${answer}`)
        if (answer === 'put back') putBack(stage, crowd)
        else {
          crowd.releasedAtMs ??= clock.now()
          for (const side of SIDES) void living()[0]?.sweep(side, true)
        }
        seen.look('person')
        answer = 'release' // What others changed meanwhile goes on only when somebody says so.
      }
    },
    async play(act) {
      await pass(act.afterMs)
      const node = living()[act.pick % Math.max(1, living().length)]
      if (act.kind === 'node.kill') node?.process.kill()
      else if (act.kind === 'node.pause') node?.process.stopUntil(clock.now() + 40_000 + (act.pick % 100_000))
      else if (act.kind === 'sweep.partner' || act.kind === 'sweep.crm')
        void node?.sweep(act.kind === 'sweep.crm' ? 'crm' : 'partner', false)
      if (crowd !== null && (act.kind === 'desk.release' || act.kind === 'desk.retry')) crowd.releasedAtMs ??= clock.now()
      const told = await play(stage, act)
      if (told !== null && !told.includes(': refused')) count(act.kind)
      seen.look('person')
      if (weather.jump > 0 && act.pick % 100 < weather.jump * 100) clock.advance(90_000)
      tell(`* ${told ?? `${act.kind}: nothing`}`)
      await quiet()
    },
    clear() {
      tell('--- faults end ---')
      weather = { ...weather, rush: 0, torn: 0, crash: 0, storeTrouble: 0, hang: 0, pause: 0 }
      partner.faults.clear()
      crm.faults.clear()
      if (!isDeaf) loseEvents(0)
      weather = { ...weather, eventLoss: 0 }
      // What is told from now on is told at once: at rest, nothing is on its way that only a late event would bring.
      partner.options.eventReorderRate = 0
      nodes.forEach((node, place) => {
        node?.process.kill()
        launch(place)
      })
    },
    async hintAll() {
      const hints = [...seen.records.values()]
        .filter(({ gone }) => !gone)
        .map(({ side, kind, id }) => ({ ref: { side, kind, id }, engagementId: null, wide: canBeKnown(id) }))
      const known = await Promise.all(hints.map(async (hint) => ((await store.linksOf(hint.ref, null)).length > 0 ? [hint] : [])))
      await store.acceptEvents([{ source: 'crm', eventKey: null, name: 'touched', hints: known.flat(), urgency: 1 }], clock.now())
    },
  }
}
