import { readFileSync } from 'node:fs'
import fastify from 'fastify'
import { Registry } from 'prom-client'
import { describe, expect, it } from 'vitest'
import { parse, parseAllDocuments } from 'yaml'
import { z } from 'zod'
import { loadConfig, SETTINGS } from '../src/config/index.js'
import type { PassReport } from '../src/engine/engine.js'
import { metricsOf } from '../src/metrics.js'
import { silentLog } from '../src/log.js'
import { hooks, type HookDeps } from '../src/server/hooks.js'
import { memoryStore } from './support/memory-store.js'

/** What is delivered for running cosell names only what exists: settings, metrics, files. */
const text = (path: string): string => readFileSync(new URL(`../${path}`, import.meta.url), 'utf8')
const settings = new Set(SETTINGS.flatMap(({ variable }) => [variable, `${variable}_FILE`]))
const variablesIn = (content: string): string[] => [...new Set(content.match(/COSELL_[A-Z_]+/g) ?? [])]

/** The values each label has had. */
function labelsOf(family: { readonly values?: readonly { readonly labels: object }[] }): Map<string, Set<string>> {
  const found = new Map<string, Set<string>>()
  for (const { labels } of family.values ?? [])
    for (const [label, value] of Object.entries(labels)) found.set(label, (found.get(label) ?? new Set()).add(String(value)))
  return found
}

/** Labels that Prometheus adds when it asks. */
const prometheusOwn: ReadonlySet<string> = new Set(['job', 'instance'])

describe('the files for running it', () => {
  it.each(['Dockerfile', 'compose.yaml', 'deploy/systemd/cosell.service', 'deploy/helm/cosell/templates/_helpers.tpl'])(
    '%s sets only variables that the program reads',
    (path) => {
      const unknown = variablesIn(text(path)).filter((name) => name !== 'COSELL_CONFIG' && !settings.has(name))
      expect(unknown).toEqual([])
    },
  )

  it('compose.yaml waits for a healthy database, and gives every secret as a file', () => {
    const file = z
      .looseObject({
        services: z.record(z.string(), z.looseObject({ depends_on: z.unknown().optional(), secrets: z.array(z.string()).optional() })),
        secrets: z.record(z.string(), z.unknown()),
      })
      .parse(parse(text('compose.yaml'), { merge: true }))
    for (const name of ['server', 'worker'])
      expect(file.services[name]).toMatchObject({
        depends_on: { database: { condition: 'service_healthy' } },
        read_only: true,
        cap_drop: ['ALL'],
      })
    const used = Object.values(file.services).flatMap(({ secrets }) => secrets ?? [])
    expect(Object.keys(file.secrets)).toEqual(expect.arrayContaining(used))
  })

  it("the chart's configuration is accepted, once the secrets are there", () => {
    const { config } = z.object({ config: z.unknown() }).parse(parse(text('deploy/helm/cosell/values.yaml')))
    const env = {
      COSELL_STORE: 'postgres://cosell:p@db/cosell',
      COSELL_PARTNERCENTER_CLIENTSECRET: 'one-secret',
      COSELL_CRM_CLIENTSECRET: 'two-secret',
      COSELL_SEALKEY: 'k'.repeat(40),
      COSELL_SERVER_LISTEN: ':8400',
    }
    const loaded = loadConfig({
      path: '/etc/cosell.yaml',
      cwd: '/',
      env,
      readFile: (path) => (path === '/etc/cosell.yaml' ? JSON.stringify(config) : null),
    })
    expect(loaded.config).toMatchObject({ environment: 'production', store: { kind: 'postgres' } })
  })

  it('alerts and dashboard ask for metrics that exist, by labels and values that they have', async () => {
    const registry = new Registry()
    const store = memoryStore({ random: () => 0.5 })
    const metrics = metricsOf(registry, { store, now: () => 0, version: '1', notices: () => Promise.resolve([]) })
    // The hooks add theirs when the server is built.
    const app = fastify()
    const refused = { receive: () => Promise.resolve({ kind: 'refused', status: 401, title: 'No', detail: 'No.' }) }
    const inbound = { partnerCenter: refused, crm: { kind: 'dynamics', inbound: refused } }
    await hooks(app, { metrics: registry, inbound, clock: { now: () => 0 }, log: silentLog } as unknown as HookDeps)
    await app.inject({ method: 'POST', url: '/hooks/partner-center' })
    metrics.called({ system: 'S', method: 'GET', path: '/', status: 401, ms: 1, requestId: null, bytes: 1, waitMs: null, allowances: [{ name: 'daily-calls', left: 1, limit: 2 }] })
    metrics.passed({ outcome: 'settled', fault: null, delayMs: 1 } as PassReport)
    metrics.received('partner-center', 1)
    metrics.turnFailed('sweep', 'offline')
    const families = await registry.getMetricsAsJSON()
    const known = new Map(families.map((family) => [family.name, labelsOf(family)]))
    const asked = `${text('deploy/prometheus/alerts.yaml')}${text('deploy/grafana/cosell.json').replaceAll('\\"', '"')}`
    const expressions = asked.matchAll(/\b((?:cosell|process)_[a-z_]+)(?:\{([^}]*)\})?/g)
    const wrong: string[] = []
    for (const [whole, name = '', selectors = ''] of expressions) {
      const labels = known.get(name.replace(/_bucket$/, ''))
      if (labels === undefined) wrong.push(whole)
      for (const [, label = '', operator = '', value = ''] of selectors.matchAll(/(\w+)(=~|!=|=)"([^"]*)"/g)) {
        const values = labels?.get(label)
        if (prometheusOwn.has(label)) continue
        if (values === undefined) wrong.push(`${whole}: no label ${label}`)
        else if (operator === '=' && !values.has(value)) wrong.push(`${whole}: ${label} is never ${value}`)
      }
    }
    expect(wrong).toEqual([])
    for (const document of parseAllDocuments(text('deploy/prometheus/alerts.yaml'))) expect(document.errors).toEqual([])
    const grouped = [...asked.matchAll(/\bby \(([\w, ]+)\)\s*\(/g)].flatMap(([, names = '']) => names.split(/,\s*/))
    const labels = new Set([...known.values()].flatMap((of) => [...of.keys()]))
    expect(grouped.filter((name) => name !== 'le' && !labels.has(name))).toEqual([])
  })

  it('the service of systemd has no more rights than it needs', () => {
    const unit = text('deploy/systemd/cosell.service')
    for (const line of ['DynamicUser=yes', 'ProtectSystem=strict', 'NoNewPrivileges=yes', 'Restart=on-failure', 'CapabilityBoundingSet='])
      expect(unit).toContain(`\n${line}\n`)
    expect(unit).toMatch(/LoadCredential=partner-center-client-secret:/)
  })
})
