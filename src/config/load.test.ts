import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  ConfigError, CRM_KINDS, exampleConfig, formatDuration, loadConfig, maskedConfig, parseDuration, secretValues, SETTINGS,
  type InitAnswers, type LoadedConfig, type Problem,
} from './index.js'

const minimal = `
partnerCenter:
  tenant: contoso.onmicrosoft.com
  clientId: pc-client
  clientSecret: pc-secret
crm:
  kind: dynamics
  url: https://contoso.crm.dynamics.com/
  tenant: contoso.onmicrosoft.com
  clientId: crm-client
  clientSecret: crm-secret
`

interface Given {
  readonly env?: Readonly<Record<string, string>>
  readonly files?: Readonly<Record<string, string>>
  readonly path?: string
}

/** Loads `text` as /etc/cosell/cosell.yaml unless the files say otherwise. */
function load(text: string | null, given: Given = {}): LoadedConfig {
  const files: Record<string, string> = { ...(text === null ? {} : { '/etc/cosell/cosell.yaml': text }), ...given.files }
  return loadConfig({ path: given.path ?? null, env: given.env ?? {}, cwd: '/etc/cosell', readFile: (path) => files[path] ?? null })
}

function problemsOf(text: string | null, given: Given = {}): readonly Problem[] {
  try {
    load(text, given)
  } catch (error) {
    if (error instanceof ConfigError) return error.problems
    throw error
  }
  return []
}

describe('what a file means', () => {
  test('a minimal file gets every default', () => {
    const { config } = load(minimal)
    expect(config.store).toEqual({ kind: 'embedded', folder: '/etc/cosell/data' })
    expect(config.server).toMatchObject({ listen: { host: '127.0.0.1', port: 8400 }, publicUrl: null, signIn: null, adminTokens: [] })
    expect(config.sync).toMatchObject({
      flows: { partnerToCrm: 'on', crmToPartner: 'on' }, leads: true, pollMs: 30_000, sweepMs: 600_000, since: null, openOnly: false, irreversible: 'allow',
    })
    expect(config.crm).toMatchObject({ kind: 'dynamics', url: 'https://contoso.crm.dynamics.com', authorityUrl: 'https://login.microsoftonline.com' })
    expect(config.partnerCenter.webhook.certificateHosts).toEqual(['3psostorageacct.blob.core.windows.net'])
    expect(config.seal).toEqual({ kind: 'file', path: '/etc/cosell/data/seal.key' })
  })

  test('YAML 1.2 words and unquoted numbers keep their spelling: on, off, no, 0123', () => {
    const { config } = load(`${minimal}sync: { flows: { partnerToCrm: off, crmToPartner: on }, owner: no }\nenvironment: 0123\n`)
    expect(config.sync.flows).toEqual({ partnerToCrm: 'off', crmToPartner: 'on' })
    expect(config.sync.owner).toBe('no')
    expect(config.environment).toBe('0123')
  })

  test('the words of YAML 1.2 are read in each of their spellings', () => {
    const { config } = load(`${minimal}sync: { leads: False, open: TRUE, owner: Null }\nproxy: NULL\ncaBundle: ~\n`)
    expect(config.sync).toMatchObject({ leads: false, openOnly: true, owner: null })
    expect([config.proxy, config.caBundle]).toEqual([null, null])
    expect(load(`${minimal}sync: { owner: "null" }\n`).config.sync.owner).toBe('null')
  })

  test('a day that no calendar has is no date', () => {
    for (const since of ['2026-02-31', '2026-04-31T08:00:00Z', '2027-02-29', '2026-13-01', '2026-01-01T24:01:00Z', '2026-01-01T08:00:00+99:00'])
      expect([since, problemsOf(`${minimal}sync: { since: ${since} }\n`)]).toMatchObject([since, [{ path: 'sync.since' }]])
    expect(load(`${minimal}sync: { since: 2028-02-29 }\n`).config.sync.since).toBe(Date.UTC(2028, 1, 29))
    expect(load(`${minimal}sync: { since: 2026-01-01T00:30:00+02:00 }\n`).config.sync.since).toBe(Date.UTC(2025, 11, 31, 22, 30))
  })

  test('relative paths start at the folder of the file, and named files are read', () => {
    const { config } = load(`${minimal}mapping: ./maps/mine.yaml\nstore: ../state\n`, { files: { '/etc/cosell/maps/mine.yaml': 'version: 1\n' } })
    expect(config.mapping).toEqual({ path: '/etc/cosell/maps/mine.yaml', text: 'version: 1\n' })
    expect(config.store).toEqual({ kind: 'embedded', folder: '/etc/state' })
  })

  test('a PostgreSQL store keeps its small things in the state folder of the environment', () => {
    const { config } = load(`${minimal}store: postgres://db/cosell\nenvironment: ../prod\n`, { env: { XDG_STATE_HOME: '/state' } })
    expect(config.store).toEqual({ kind: 'postgres', url: 'postgres://db/cosell' })
    expect(config.stateFolder).toBe('/state/cosell/---prod')
  })

  test('a date without a zone is midnight UTC', () => {
    expect(load(`${minimal}sync: { since: 2026-01-01 }`).config.sync.since).toBe(Date.UTC(2026, 0, 1))
  })

  test('the sign-in of Salesforce is a secret, or a key with a user name', () => {
    const start = minimal.slice(0, minimal.indexOf('crm:'))
    const pem = '-----BEGIN PRIVATE KEY-----\nAA==\n-----END PRIVATE KEY-----\n'
    const byKey = load(`${start}crm: { kind: salesforce, url: "https://c.my.salesforce.com", clientId: x, privateKey: sf.key, username: u@c.com }`, { files: { '/etc/cosell/sf.key': pem } })
    expect(byKey.config.crm).toMatchObject({ credential: { kind: 'private-key', username: 'u@c.com', privateKey: { text: pem } } })
    const problems = problemsOf(`${start}crm: { kind: salesforce, url: "https://c.my.salesforce.com", clientId: x, tenant: t, username: u }`)
    expect(problems.map((problem) => problem.message)).toEqual(['crm.tenant is for Dynamics 365 only', 'crm.privateKey is missing'])
  })
})

describe('where values come from', () => {
  test('[R41] the environment replaces ${NAME}, overrides any scalar or list, and a secret may come from a file', () => {
    const { config, origins } = load(minimal.replace('pc-secret', '${PC}'), {
      env: {
        PC: 'from-variable', COSELL_SYNC_POLL: '5s', COSELL_SERVER_ADMINTOKENS: 'a-long-token-number-one, a-long-token-number-two',
        COSELL_CRM_CLIENTSECRET_FILE: '/run/secrets/crm', COSELL_SERVER_SIGNIN_ROLES_ADMIN: '',
      },
      files: { '/run/secrets/crm': 'from-file \r\n' },
    })
    expect(config.partnerCenter.clientSecret).toBe('from-variable')
    expect(config.crm).toMatchObject({ clientSecret: 'from-file ' })
    expect(config.sync.pollMs).toBe(5_000)
    expect(config.server.adminTokens).toEqual(['a-long-token-number-one', 'a-long-token-number-two'])
    expect(origins.get('sync.poll')).toBe('env COSELL_SYNC_POLL')
    expect(origins.get('crm.clientSecret')).toBe('file COSELL_CRM_CLIENTSECRET_FILE')
    expect(origins.get('partnerCenter.clientSecret')).toBe('cosell.yaml:5')
    expect(origins.get('sync.sweep')).toBe('default')
  })

  test('a missing variable is named with its line, and an override makes it unnecessary', () => {
    const text = minimal.replace('pc-secret', '${PC}')
    expect(problemsOf(text)).toMatchObject([{ path: 'partnerCenter.clientSecret', line: 5, message: expect.stringContaining('PC, which is not set') as string }])
    expect(load(text, { env: { COSELL_PARTNERCENTER_CLIENTSECRET: 'given' } }).config.partnerCenter.clientSecret).toBe('given')
  })

  test('$${ writes a plain ${, and a broken ${ is a problem', () => {
    expect(load(`${minimal}environment: "a$\${b}"`).config.environment).toBe('a${b}')
    expect(problemsOf(`${minimal}environment: "\${no name}"`)).toHaveLength(1)
  })

  test('a .env beside the file serves development only, and the real environment wins', () => {
    const given = { files: { '/etc/cosell/.env': 'PC=dotenv\nOTHER=dotenv\n' } }
    const text = minimal.replace('pc-secret', '${PC}')
    expect(load(text, given).config.partnerCenter.clientSecret).toBe('dotenv')
    expect(load(text, { ...given, env: { PC: 'real' } }).config.partnerCenter.clientSecret).toBe('real')
    expect(problemsOf(text, { ...given, env: { NODE_ENV: 'production' } })).toHaveLength(1)
  })

  test('the file is the one named by flag, else by COSELL_CONFIG, else the usual places', () => {
    const files = Object.fromEntries(['/a.yaml', '/b.yaml', '/home/u/.config/cosell/config.yaml'].map((path) => [path, `${minimal}environment: ${path}`]))
    expect(load(minimal, { files, path: '/a.yaml', env: { COSELL_CONFIG: '/b.yaml' } }).config.environment).toBe('/a.yaml')
    expect(load(minimal, { files, env: { COSELL_CONFIG: '../../b.yaml' } }).config.environment).toBe('/b.yaml')
    expect(load(null, { files, env: { HOME: '/home/u' } }).config.folder).toBe('/home/u/.config/cosell')
    expect(problemsOf(null, { path: '/none.yaml' })[0]?.message).toBe('it does not exist')
    expect(problemsOf(null)[0]?.hint).toContain('cosell init')
  })

  test('variables alone are enough where there is no file', () => {
    const env = {
      COSELL_PARTNERCENTER_TENANT: 't', COSELL_PARTNERCENTER_CLIENTID: 'c', COSELL_PARTNERCENTER_CLIENTSECRET: 's',
      COSELL_CRM_KIND: 'dynamics', COSELL_CRM_URL: 'https://x.crm.dynamics.com', COSELL_CRM_TENANT: 't', COSELL_CRM_CLIENTID: 'c', COSELL_CRM_CLIENTSECRET: 's',
    }
    expect(load(null, { env }).config).toMatchObject({ file: null, folder: '/etc/cosell' })
  })

  test('an unknown COSELL_ variable is a warning unless the file uses it', () => {
    const env = { COSELL_SYNC_POL: '5s', COSELL_MINE: 'x' }
    const { warnings } = load(`${minimal}environment: \${COSELL_MINE}`, { env })
    expect(warnings).toEqual([expect.stringContaining('COSELL_SYNC_POL is set but is no setting. Did you mean "COSELL_SYNC_POLL"?')])
  })
})

describe('what is refused', () => {
  test('[R40] every problem is reported at once, each with its line and a suggestion', () => {
    const problems = problemsOf(minimal.replace('tenant: contoso.onmicrosoft.com', 'tenat: x').replace('https://contoso', 'http://contoso')
      + 'sync: { poll: soon, leads: maybe, irreversible: alow }\nserver: { publicURL: x }\nclientSecret: y\n')
    const at = (path: string) => problems.find((problem) => problem.path === path)
    expect(at('partnerCenter.tenat')).toMatchObject({ line: 3, hint: 'Did you mean "tenant"?' })
    expect(at('partnerCenter.tenant')?.message).toBe('partnerCenter.tenant is missing')
    expect(at('crm.url')?.message).toContain('Plain http is accepted for loopback addresses only')
    expect(at('sync.poll')?.hint).toBe('Write it like 30s, 10m or 2h.')
    expect(at('sync.leads')).toMatchObject({ line: 12 })
    expect(at('sync.irreversible')?.message).toContain('allow, confirm, forbid')
    expect(at('server.publicURL')?.hint).toBe('Did you mean "publicUrl"?')
    expect(at('clientSecret')?.hint).toBe('Settings of that name: server.signIn.clientSecret, partnerCenter.clientSecret, crm.clientSecret.')
    expect(problems).toHaveLength(8)
  })

  test('plain http is fine on this machine, for every spelling of it', () => {
    for (const host of ['localhost:9', '127.0.0.1:9', '[::1]:9', 'pc.localhost', '127.8.8.8']) {
      expect(problemsOf(minimal.replace('https://contoso.crm.dynamics.com/', `http://${host}`)), host).toEqual([])
    }
    for (const host of ['localhost.evil.com', '127.0.0.1.nip.io', '10.0.0.1', '[::2]', '0.0.0.0', 'user@localhost']) {
      expect(problemsOf(minimal.replace('https://contoso.crm.dynamics.com/', `http://${host}`)), host).toHaveLength(1)
    }
  })

  test('an empty variable never becomes a token that anybody can send', () => {
    expect(problemsOf(`${minimal}server: { adminTokens: [ "\${T}" ] }`, { env: { T: '' } })[0]?.path).toBe('server.adminTokens.0')
  })

  test('broken YAML is told by line without quoting it, and a doubled key is one', () => {
    const problems = problemsOf('partnerCenter:\n  clientSecret: "top-secret\n')
    expect(problems[0]?.line).toBeGreaterThan(1)
    expect(JSON.stringify(problems)).not.toContain('top-secret')
    expect(problemsOf(`${minimal}store: a\nstore: b\n`)[0]?.message).toContain('given twice')
  })

  test('no message quotes a secret', () => {
    const problems = problemsOf(`${minimal.replace('crm-client', '[hunter22]').replace('crm-secret', '{ a: hunter22 }')}sealKey: hunter22\n`)
    expect(problems.length).toBeGreaterThanOrEqual(3)
    expect(JSON.stringify(problems)).not.toContain('hunter22')
  })

  test('a prototype key is an unknown key like any other', () => {
    expect(problemsOf(`${minimal}__proto__: { environment: x }`).map((problem) => problem.message)).toEqual(['__proto__ is not a setting'])
  })

  test('nested aliases do not unfold without end', () => {
    const bomb = ['a0: &a0 [x,x,x,x,x,x,x,x,x,x]', ...[1, 2, 3, 4, 5, 6, 7].map((n) => `a${n}: &a${n} [${Array<string>(10).fill(`*a${n - 1}`).join(',')}]`)].join('\n')
    expect(problemsOf(bomb)[0]?.hint).toBe('Remove nested aliases.')
  })

  test('a secret given both ways, or by a file that is missing, is refused', () => {
    const env = { COSELL_CRM_CLIENTSECRET: 'a', COSELL_CRM_CLIENTSECRET_FILE: '/x', COSELL_CRM_WEBHOOKKEY_FILE: '/y' }
    expect(problemsOf(minimal, { env }).map((problem) => problem.path)).toEqual(['crm.clientSecret', 'crm.webhookKey'])
  })
})

describe('what is shown', () => {
  const full = `${minimal}  webhookKey: hook-key\nstore: postgres://cosell:p%40ss@db/cosell\nserver: { adminTokens: [token-of-a-script-1] }\nsealKey: 0123456789abcdef0123456789abcdef\n`

  test('a mark at the beginning of a file is no part of a secret or of a variable, and what is no UTF-8 is refused without a word of it', () => {
    const variables = { COSELL_CRM_CLIENTSECRET_FILE: '/run/crm' }
    const marked = load(minimal, { env: variables, files: { '/run/crm': '\uFEFFfrom-notepad\r\n', '/etc/cosell/.env': '\uFEFFCOSELL_ENVIRONMENT=marked\n' } })
    expect(secretValues(marked.config)).toContain('from-notepad')
    expect(marked.config.environment).toBe('marked')
    const [problem] = problemsOf(minimal, { env: variables, files: { '/run/crm': 'f\uFFFDr' } })
    expect(problem).toMatchObject({ path: 'crm.clientSecret', message: expect.stringContaining('/run/crm, which is not UTF-8') as string })
    expect(problemsOf(`environment: \uFFFD\n${minimal}`)).toMatchObject([{ path: '', message: 'it is not UTF-8 text', hint: 'Save it as UTF-8.' }])
  })

  test('a folder in the place of a file is called one', () => {
    const readFile = (): never => {
      throw Object.assign(new Error('EISDIR'), { code: 'EISDIR' })
    }
    const problems = (): unknown => {
      try {
        return loadConfig({ path: '/etc', env: {}, cwd: '/', readFile })
      } catch (error) {
        return error instanceof ConfigError ? error.problems : error
      }
    }
    expect(problems()).toMatchObject([{ hint: 'It is a folder: name the file in it.' }])
  })

  test('the shown configuration loads again and holds no secret', () => {
    const { config } = load(full)
    const shown = JSON.stringify(maskedConfig(config))
    for (const secret of secretValues(config)) expect(shown).not.toContain(secret)
    expect(secretValues(config)).toEqual(expect.arrayContaining(['pc-secret', 'crm-secret', 'hook-key', 'p%40ss', 'p@ss', 'token-of-a-script-1']))
    // JSON is YAML; only the masked key is too short to be one.
    const again = load(shown.replace(/"sealKey":"[^"]*"/, '"sealKey":"0123456789abcdef0123456789abcdef"'))
    expect(maskedConfig(again.config)).toEqual(maskedConfig(config))
  })
})

describe('what init writes', () => {
  const base = { environment: 'staging', store: './data', publicUrl: null, partnerTenant: 'contoso.onmicrosoft.com', partnerClientId: 'a: #b', partnerId: '0123' }
  const env = { ADMIN_TOKEN: 'a-long-enough-token', PC_CLIENT_SECRET: 'a', CRM_CLIENT_SECRET: 'b', CRM_WEBHOOK_KEY: 'c' }

  test('every written file loads without a warning and means what was answered', () => {
    const crms: readonly InitAnswers['crm'][] = CRM_KINDS.map(({ kind, sample }) => ({ kind, tenant: 'contoso.onmicrosoft.com', ...sample }))
    for (const crm of crms) {
      const loaded = load(exampleConfig({ ...base, crm }), { env })
      expect(loaded.warnings).toEqual([])
      expect(loaded.config.crm.kind).toBe(crm.kind)
      expect(loaded.config.partnerCenter).toMatchObject({ clientId: 'a: #b', partnerId: '0123' })
      expect(loaded.config.sync.flows.partnerToCrm).toBe('observe')
    }
  })
})

test('whatever the file and the variables hold, the answer is a configuration or a list of problems', () => {
  const pieces = fc.constantFrom('crm:', 'kind: dynamics', '\n', '  ', '- ', '${', '}', '$$', '&a ', '*a', '!!int ', '<<: ', '"', '[', '{', ', ', '---\n', '__proto__: ', '\t', '\u0000', '# ', '| ', 'url: http://x')
  const junk = fc.oneof(fc.string(), fc.array(fc.oneof(pieces, fc.string({ maxLength: 4 })), { maxLength: 30 }).map((parts) => parts.join('')))
  const variable = fc.constantFrom(...SETTINGS.map((setting) => setting.variable))
  fc.assert(fc.property(junk, fc.dictionary(variable, fc.string(), { maxKeys: 5 }), (text, env) => {
    for (const start of ['', minimal]) problemsOf(start + text, { env })
  }), { numRuns: 400 })
})

test('durations are read and written the same way', () => {
  expect(['500ms', '30s', '10m', '2h', '1d', '1.5h'].map(parseDuration)).toEqual([500, 30_000, 600_000, 7_200_000, 86_400_000, 5_400_000])
  expect(['', '30', 's', '-5s', '1e3s', '5 weeks', '9999999d'].map(parseDuration)).toEqual(Array(7).fill(null))
  expect([500, 30_000, 600_000, 7_200_000, 90_000].map(formatDuration)).toEqual(['500ms', '30s', '10m', '2h', '90s'])
})
