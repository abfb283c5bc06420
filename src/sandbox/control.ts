import type { FaultRule, Faults } from './faults.js'
import type { SimHandler, SimRequest, SimResponse } from './http.js'

/** One simulated system as a person or a script at the sandbox's own desk sees it. */
export interface Controlled {
  readonly faults: Faults
  /** Run-time options; assigned by name. */
  readonly options: object
  /** People who act in this system: `portal`, `microsoft`, `inbound`, `seller` … and what each can do. */
  readonly people: Readonly<Record<string, object>>
  /** What the system holds, for people to look at. */
  readonly look: Readonly<Record<string, (query: URLSearchParams) => unknown>>
}

const json = (status: number, value: unknown): SimResponse => ({ status, headers: { 'content-type': 'application/json' }, body: JSON.stringify(value) })
const problem = (status: number, message: string): SimResponse => json(status, { error: message })

/**
 * The sandbox's own desk, apart from the simulated systems: acts as a person, changes an option, injects faults, looks inside.
 *
 * - `GET /` what there is · `GET /{system}/{look}` · `POST /{system}/{person}/{deed}` with the arguments as a JSON array
 * - `PUT /{system}/options` · `PUT /{system}/faults` (a list of rules; `matching` as text) · `DELETE /{system}/faults`
 */
export function controlDesk(systems: Readonly<Record<string, Controlled>>): SimHandler {
  return (request) => {
    try {
      return Promise.resolve(answer(systems, request))
    } catch (error) {
      return Promise.resolve(problem(409, error instanceof Error ? error.message : String(error)))
    }
  }
}

function answer(systems: Readonly<Record<string, Controlled>>, request: SimRequest): SimResponse {
  const url = new URL(request.path, 'http://desk')
  const [name = '', what = '', deed = ''] = url.pathname.split('/').filter((part) => part !== '').map(decodeURIComponent)
  if (name === '') return json(200, Object.fromEntries(Object.entries(systems).map(([system, controlled]) => [system, menuOf(controlled)])))
  const system = Object.hasOwn(systems, name) ? systems[name] : undefined
  if (system === undefined) return problem(404, `There is no system "${name}"; there are ${Object.keys(systems).join(', ')}.`)
  if (what === 'options') return changeOptions(system, request)
  if (what === 'faults') return changeFaults(system, request)
  if (request.method === 'GET') {
    const look = Object.hasOwn(system.look, what) ? system.look[what] : undefined
    return look === undefined ? problem(404, `"${name}" shows ${Object.keys(system.look).join(', ')}.`) : json(200, look(url.searchParams) ?? null)
  }
  return act(system, { person: what, deed, body: request.body })
}

const deedsOf = (person: object): string[] => Object.entries(person).flatMap(([deed, value]) => (typeof value === 'function' ? [deed] : []))
const menuOf = (system: Controlled): object => ({
  people: Object.fromEntries(Object.entries(system.people).map(([person, deeds]) => [person, deedsOf(deeds)])),
  look: Object.keys(system.look),
  options: system.options,
})

function act(system: Controlled, { person, deed, body }: { person: string; deed: string; body: Buffer }): SimResponse {
  const actor = Object.hasOwn(system.people, person) ? system.people[person] : undefined
  if (actor === undefined || !deedsOf(actor).includes(deed)) return problem(404, `Nobody here can do that: ${JSON.stringify(menuOf(system))}`)
  const given: unknown = body.length === 0 ? [] : JSON.parse(body.toString('utf8'))
  if (!Array.isArray(given)) return problem(400, 'The body is a JSON array of the deed\'s arguments.')
  const doIt = (actor as Record<string, (...args: unknown[]) => unknown>)[deed] // deedsOf() has just named it
  return json(200, doIt?.apply(actor, given) ?? null)
}

function changeOptions(system: Controlled, request: SimRequest): SimResponse {
  if (request.method === 'GET') return json(200, system.options)
  const given: unknown = JSON.parse(request.body.toString('utf8'))
  if (typeof given !== 'object' || given === null) return problem(400, 'The body is an object of options.')
  const unknown = Object.keys(given).filter((key) => !Object.hasOwn(system.options, key))
  if (unknown.length > 0) return problem(400, `There is no option ${unknown.join(', ')}.`)
  Object.assign(system.options, given)
  return json(200, system.options)
}

const kinds: readonly string[] = ['throttle', 'unavailable', 'server-error', 'bad-gateway-html', 'page-instead', 'page-refusal', 'drop-before', 'drop-after', 'slow']

function changeFaults(system: Controlled, request: SimRequest): SimResponse {
  if (request.method === 'DELETE') {
    system.faults.clear()
    return json(200, [])
  }
  const given: unknown = JSON.parse(request.body.toString('utf8'))
  if (!Array.isArray(given)) return problem(400, 'The body is a list of fault rules.')
  const rules = given.map((rule: Record<string, unknown>): FaultRule => {
    if (!kinds.includes(String(rule['kind']))) throw new Error(`"${String(rule['kind'])}" is no fault; there are ${kinds.join(', ')}.`)
    const matching = typeof rule['matching'] === 'string' ? { matching: new RegExp(rule['matching']) } : {}
    const amount = typeof rule['amount'] === 'number' ? { amount: rule['amount'] } : {}
    const times = typeof rule['times'] === 'number' ? { times: rule['times'] } : {}
    return { kind: rule['kind'] as FaultRule['kind'], rate: Number(rule['rate'] ?? 1), ...matching, ...amount, ...times } // its kind was just checked
  })
  system.faults.set(rules)
  return json(200, given)
}
