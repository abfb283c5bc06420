import { Fault, isFault } from '../../../core/fault.js'
import type { ApplyOptions, CallbackWish, CallOptions, Clock, Installer, InstallItem, InstallPlan, InstallReport } from '../../../core/ports.js'
import type { Send } from '../../../remote/send.js'
import { publishBody } from './bodies.js'
import { fillCatalogue, readCatalogue } from './catalogue.js'
import { MetadataApi } from './metadata-api.js'
import { eventSteps, removeEvents, type EventWish } from './steps-events.js'
import { REMOVAL_STAGES, removalSteps, type RemovalWish } from './steps-removal.js'
import { roleSteps } from './steps-roles.js'
import { securitySteps } from './steps-security.js'
import { formSteps, resourceSteps, viewSteps } from './steps-shown.js'
import { STAGES, type Copies, type Copy, type Desk, type Stage, type Step } from './step.js'
import { columnSteps, keySteps, lookupSteps, solutionSteps, trackingSteps } from './steps-tables.js'
import { PARTS, survey, type Part, type Prior, type Survey } from './survey.js'

/** What outlives a process: which parts were changed and not yet published, and how forms and views stood before. */
export interface Notebook {
  read(name: string): Promise<unknown>
  write(name: string, value: unknown): Promise<void>
}

export interface InstallerOptions {
  readonly url: string
  readonly send: Send
  readonly clock: Clock
  readonly notebook: Notebook
  /** Columns of opportunities and leads that the mapping uses beyond the connector's own. */
  readonly mapped: () => readonly string[]
}

export function dynamicsInstaller(options: InstallerOptions): Installer {
  const api = new MetadataApi({ url: options.url, send: options.send })
  const tables: Course = { ...making, steps: async (found) => Promise.resolve(stepsOf(found)) }
  const removal = (data: RemovalWish['data']): Course => ({
    stages: REMOVAL_STAGES,
    changes: () => new Set(PARTS),
    steps: (found, signal) => removalSteps(api, found, { data }, signal),
  })
  /** The key cannot be read back, so that every registration writes it once. */
  const events = (callback: CallbackWish): Course => {
    let key: EventWish['key'] = 'rekey'
    const written = (): void => void (key = 'keep')
    const steps: Course['steps'] = async (found, signal) => [
      ...solutionSteps(found),
      ...(await eventSteps(api, found, { callback, mapped: options.mapped(), key, written }, signal)),
    ]
    return { ...making, steps }
  }
  return {
    async plan({ signal }: CallOptions): Promise<InstallPlan> {
      const steps = stepsOf(await survey(api, signal))
      return { crm: api.root, items: steps.map(({ item }) => item) }
    },
    apply: (asked) => new Work(api, options, asked, tables).run(),
    registerCallbacks: (wish, { signal }) =>
      new Work(api, options, { existing: 'alter', onProgress: () => undefined, signal }, events(wish)).run(),
    async planRemoval({ data, signal }): Promise<InstallPlan> {
      const steps = await removalSteps(api, await survey(api, signal), { data }, signal)
      return { crm: api.root, items: steps.map(({ item }) => item) }
    },
    remove: ({ data, onProgress, signal }) => new Work(api, options, { existing: 'alter', onProgress, signal }, removal(data)).run(),
    removeCallbacks: ({ signal }) => removeEvents(api, signal),
    catalogue: ({ signal }) => readCatalogue(api, signal),
    fillCatalogue: (entries, { signal }) => fillCatalogue(api, entries, signal),
  }
}

function stepsOf(found: Survey): Step[] {
  return [
    ...solutionSteps(found),
    ...columnSteps(found),
    ...resourceSteps(found),
    ...lookupSteps(found),
    ...trackingSteps(found),
    ...keySteps(found),
    ...securitySteps(found),
    ...viewSteps(found),
    ...formSteps(found),
    ...roleSteps(found),
  ]
}

const copiesIn = (notebook: Notebook): Copies => ({
  read: async (id) => (await notebook.read(`install.copy.${id}`)) as Copy | null, // only `keep` writes it
  keep: (id, copy) => notebook.write(`install.copy.${id}`, copy),
})

const noSales = (root: string): Fault =>
  new Fault('misconfigured', `${root} has no table "opportunity".`, {
    remedy: 'Install Dynamics 365 Sales in this environment, or put the URL of the right one into crm.url.',
  })

type Unpublished = { readonly tables: readonly string[]; readonly resources: readonly string[] }
const noteName = 'install.unpublished'

/** What the steps of a stage can change; the next look reads that again. */
const CHANGES: Readonly<Record<Stage, readonly Part[]>> = {
  solution: ['solution'],
  tables: ['columns', 'tracking', 'keys', 'forms', 'views', 'roles'],
  columns: ['columns', 'resources'],
  lookups: ['columns', 'tracking', 'security'],
  keys: ['keys'],
  security: ['security'],
  views: ['views'],
  forms: ['forms'],
  roles: ['roles'],
  events: [],
}

/** What a run works through: what there is to do, in which order, and what each stage can have changed. */
interface Course {
  readonly steps: (found: Survey, signal: AbortSignal) => Promise<Step[]>
  readonly stages: readonly Stage[]
  readonly changes: (stage: Stage) => ReadonlySet<Part>
}
const making: Omit<Course, 'steps'> = { stages: STAGES, changes: (stage) => new Set(CHANGES[stage]) }

const roundsMost = 40 // Nine stages, each again after a lost answer, with room to spare.
const failuresMost = 6
const waitMs = [1_000, 2_000, 4_000, 8_000, 15_000, 30_000] as const
const locked = '0x80071151'

/** One run of the installer: look, do the first stage that lacks something, look again, until nothing is left. */
class Work {
  readonly #api: MetadataApi
  readonly #options: InstallerOptions
  readonly #asked: ApplyOptions
  readonly #course: Course
  readonly #done: string[] = []
  #total = 0
  #failures = 0
  #last = ''
  /** Roles that this user may not make, and why: a person grants what is needed in another way. */
  readonly #refused = new Map<string, string>()

  constructor(api: MetadataApi, options: InstallerOptions, asked: ApplyOptions, course: Course) {
    this.#api = api
    this.#options = options
    this.#asked = asked
    this.#course = course
  }

  async run(): Promise<InstallReport> {
    const { signal } = this.#asked
    let steps: readonly Step[] = []
    let prior: Prior | null = null
    for (let round = 0; round < roundsMost; round += 1) {
      signal.throwIfAborted()
      try {
        const found: Survey = await survey(this.#api, signal, prior)
        if (!found.tables.has('opportunity')) throw noSales(this.#api.root)
        steps = await this.#course.steps(found, signal)
        const todo = steps.filter((step) => this.#isWanted(step))
        this.#total = Math.max(this.#total, this.#done.length + todo.length)
        const stage = this.#course.stages.find((name) => todo.some((step) => step.stage === name))
        if (stage === undefined) {
          const published = await this.#publish()
          if (!published && prior === null) break
          // Everything is read back once more before it is called done.
          prior = null
          continue
        }
        prior = null
        this.#assertProgress(stage, todo)
        await this.#stage(found, todo, stage)
        prior = { survey: found, stale: this.#course.changes(stage) }
        this.#failures = 0
      } catch (error) {
        prior = null
        await this.#pause(error)
      }
    }
    return { done: this.#done, items: steps.map(({ item }) => this.#shown(item)) }
  }

  #shown(item: InstallItem): InstallItem {
    const why = this.#refused.get(item.id)
    return why === undefined || item.state === 'present' ? item : { ...item, change: null, note: why }
  }

  /** What was made must show; the same work twice in a row would go on for ever. */
  #assertProgress(stage: Stage, todo: readonly Step[]): void {
    const now = todo.filter((step) => step.stage === stage).map(({ item }) => `${item.id} ${item.change ?? ''}`)
    const same = this.#failures === 0 && now.join('\n') === this.#last
    this.#last = now.join('\n')
    if (!same) return
    const [first] = todo.filter((step) => step.stage === stage)
    throw new Fault('invalid-answer', `${first?.item.what ?? stage} was written, but the CRM does not show it.`, {
      remedy: 'Look at it in the CRM; then run the command again.',
    })
  }

  #isWanted({ item, make }: Step): boolean {
    return make !== null && item.state !== 'present' && !this.#refused.has(item.id) && (item.touches === 'new' || this.#asked.existing === 'alter')
  }

  async #stage(found: Survey, todo: readonly Step[], stage: Stage): Promise<void> {
    const { signal } = this.#asked
    const { clock, notebook } = this.#options
    const desk: Desk = { api: this.#api, clock, survey: found, signal, say: (what) => this.#say(what), copies: copiesIn(notebook) }
    for (const step of todo.filter((candidate) => candidate.stage === stage)) {
      signal.throwIfAborted()
      this.#say(step.item.what)
      // Noted before the write: a run that is cut in between still publishes at its next start.
      await this.#note(step.publish)
      if (!(await this.#made(step, desk))) continue
      this.#done.push(`${step.item.what}: ${step.item.change ?? ''}`)
    }
    await this.#publish()
    this.#say(`checking: ${stage}`)
  }

  /** What a customizer may not make in some environments (roles), or a form or view that takes no change, does not hold up the rest. */
  async #made(step: Step, desk: Desk): Promise<boolean> {
    try {
      await step.make?.(desk)
      return true
    } catch (error) {
      const why = isFault(error) && !passes(error) ? aloneRefused(step, error) : null
      if (why === null) throw error
      this.#refused.set(step.item.id, why)
      return false
    }
  }

  #say(what: string): void {
    this.#asked.onProgress({ done: Math.min(this.#done.length, this.#total), total: this.#total, what })
  }

  async #note(more: Unpublished): Promise<void> {
    if (more.tables.length === 0 && more.resources.length === 0) return
    const held = await this.#noted()
    const next = { tables: [...new Set([...held.tables, ...more.tables])], resources: [...new Set([...held.resources, ...more.resources])] }
    if (next.tables.length === held.tables.length && next.resources.length === held.resources.length) return
    await this.#options.notebook.write(noteName, { [this.#api.root]: next })
  }

  async #noted(): Promise<Unpublished> {
    const all = (await this.#options.notebook.read(noteName)) as Readonly<Record<string, Unpublished>> | null // only #note writes it
    return all?.[this.#api.root] ?? { tables: [], resources: [] }
  }

  /** Publishes what was noted. True when there was something. */
  async #publish(): Promise<boolean> {
    const { tables, resources } = await this.#noted()
    if (tables.length === 0 && resources.length === 0) return false
    this.#say(`publishing ${[...tables, ...(resources.length === 0 ? [] : ['web resources'])].join(', ')}`)
    const body = publishBody(tables, resources)
    await this.#api.write({ method: 'POST', path: 'PublishXml', body, what: 'publishing', solution: null }, this.#asked.signal)
    await this.#options.notebook.write(noteName, null)
    return true
  }

  /** Waits after what passes by itself; anything else ends the run, which may be repeated at any time. */
  async #pause(error: unknown): Promise<void> {
    if (!isFault(error) || !passes(error) || this.#failures >= failuresMost) throw error
    const pause = error.retryAfterMs ?? waitMs[Math.min(this.#failures, waitMs.length - 1)] ?? 30_000
    this.#failures += 1
    this.#say(`waiting: ${error.message}`)
    await this.#options.clock.sleep(pause, this.#asked.signal)
  }
}

/** Why a step was refused for itself alone, and what a person does about it; null where the refusal ends the run. */
function aloneRefused({ stage, item }: Step, { kind, message }: Fault): string | null {
  if (stage === 'roles' && kind === 'forbidden') return `${message} Let an administrator run "cosell install apply" once, or grant the rights by hand.`
  // Managed solutions may forbid changes to their forms and views.
  const isTheirs = (stage === 'forms' || stage === 'views') && item.touches === 'existing'
  if (!isTheirs || (kind !== 'rejected' && kind !== 'forbidden')) return null
  return `${message} Allow changes to it in the solution it comes from, then run "cosell install apply" again.`
}

/** A lock, a busy server, a lost answer, and "it exists already": look again, and go on with what is still missing. */
const passes = (fault: Fault): boolean =>
  fault.kind === 'offline' ||
  fault.kind === 'throttled' ||
  fault.kind === 'ambiguous' ||
  fault.kind === 'stale' ||
  fault.code === locked ||
  existing.has(fault.code ?? '')

/** Source: learn.microsoft.com "Web service error codes" (read 2023-10). */
const existing: ReadonlySet<string> = new Set([
  '0x80047013',
  '0x80060304',
  '0x80044345',
  '0x8004f022',
  '0x8004f023',
  '0x80060893',
  '0x80060894',
  '0x80040237',
])
