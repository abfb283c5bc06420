import { readFileSync } from 'node:fs'
import { Registry } from 'prom-client'
import { describe, expect, it } from 'vitest'
import { parse, parseAllDocuments } from 'yaml'
import { z } from 'zod'
import { loadConfig, SETTINGS } from '../src/config/index.js'
import { metricsOf } from '../src/metrics.js'
import { memoryStore } from './support/memory-store.js'

/** What is delivered for running cosell names only what exists: settings, metrics, files. */
const text = (path: string): string => readFileSync(new URL(`../${path}`, import.meta.url), 'utf8')
const settings = new Set(SETTINGS.flatMap(({ variable }) => [variable, `${variable}_FILE`]))
const variablesIn = (content: string): string[] => [...new Set(content.match(/COSELL_[A-Z_]+/g) ?? [])]

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

  it('alerts and dashboard ask for metrics that exist', async () => {
    const registry = new Registry()
    metricsOf(registry, memoryStore({ random: () => 0.5 }))
    const known = new Set((await registry.getMetricsAsJSON()).map(({ name }) => name))
    const asked = `${text('deploy/prometheus/alerts.yaml')}${text('deploy/grafana/cosell.json')}`.match(/\b(cosell|process)_[a-z_]+/g) ?? []
    const unknown = [...new Set(asked)].filter((name) => !known.has(name.replace(/_bucket$/, '')))
    expect(unknown).toEqual([])
    for (const document of parseAllDocuments(text('deploy/prometheus/alerts.yaml'))) expect(document.errors).toEqual([])
  })

  it('the service of systemd has no more rights than it needs', () => {
    const unit = text('deploy/systemd/cosell.service')
    for (const line of ['DynamicUser=yes', 'ProtectSystem=strict', 'NoNewPrivileges=yes', 'Restart=on-failure', 'CapabilityBoundingSet='])
      expect(unit).toContain(`\n${line}\n`)
    expect(unit).toMatch(/LoadCredential=partner-center-client-secret:/)
  })
})
