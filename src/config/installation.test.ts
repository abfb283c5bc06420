import { describe, expect, it } from 'vitest'
import { loadInstallation, loadTenant } from './installation.js'
import { ConfigError } from './problems.js'

const tenantFile = (name: string, more = ''): string => `
server: { publicUrl: "https://${name}.cosell.example" }
partnerCenter: { tenant: ${name}.onmicrosoft.com, clientId: a, clientSecret: b }
crm: { kind: dynamics, url: "https://${name}.crm.dynamics.com", tenant: ${name}.onmicrosoft.com, clientId: a, clientSecret: "\${${name.toUpperCase()}_SECRET}" }
${more}`
const installationFile = `
environment: production
store: ./data
server: { listen: 127.0.0.1:8500 }
sealKeyFile: ./keys/seal.key
tenants:
  contoso: ./tenants/contoso.yaml
  fabrikam: ./tenants/fabrikam.yaml
`
const secrets = { CONTOSO_SECRET: 'c', FABRIKAM_SECRET: 'f' }
const given = (files: Readonly<Record<string, string>> = {}, env: Readonly<Record<string, string>> = {}) => {
  const all: Readonly<Record<string, string>> = {
    '/i/cosell.yaml': installationFile,
    '/i/tenants/contoso.yaml': tenantFile('contoso'),
    '/i/tenants/fabrikam.yaml': tenantFile('fabrikam'),
    ...files,
  }
  return { path: '/i/cosell.yaml', cwd: '/i', env: { ...secrets, ...env }, readFile: (path: string) => all[path] ?? null }
}
const problemOf = (work: () => unknown): string => {
  try {
    work()
  } catch (error) {
    if (error instanceof ConfigError) return error.message
    throw error
  }
  return expect.fail('nothing was refused')
}

describe('an installation with several tenants', () => {
  it('gives each tenant its own file and what the installation says for all', () => {
    const loaded = loadInstallation(given(), null)
    expect(loaded.map(({ config }) => config.tenant)).toEqual(['contoso', 'fabrikam'])
    for (const { config } of loaded) {
      expect(config).toMatchObject({ environment: 'production', store: { kind: 'embedded', folder: '/i/data' }, server: { listen: { port: 8500 } } })
      expect(config.seal).toEqual({ kind: 'file', path: '/i/keys/seal.key' })
      expect(config.stateFolder).toBe(`/i/data/tenants/${config.tenant ?? ''}`)
      expect(config.crm).toMatchObject({ clientSecret: config.tenant === 'contoso' ? 'c' : 'f' })
    }
    expect(loaded[1]?.origins.get('store')).toBe('cosell.yaml:3')
    expect(loaded[1]?.origins.get('crm.url')).toBe('tenants/fabrikam.yaml:4')
  })

  it('takes a variable for the tenant it names, and for no other', () => {
    const [contoso, fabrikam] = loadInstallation(given({}, { COSELL_TENANT_FABRIKAM_CRM_CLIENTSECRET: 'other', COSELL_STORE: './elsewhere' }), null)
    expect(contoso?.config.crm).toMatchObject({ clientSecret: 'c' })
    expect(fabrikam?.config.crm).toMatchObject({ clientSecret: 'other' })
    expect(fabrikam?.config.store).toEqual({ kind: 'embedded', folder: '/i/elsewhere' })
  })

  it('warns of a variable that would mean every tenant, and does not use it', () => {
    const [contoso] = loadInstallation(given({}, { COSELL_CRM_CLIENTSECRET: 'for whom' }), null)
    expect(contoso?.config.crm).toMatchObject({ clientSecret: 'c' })
    expect(contoso?.warnings.join()).toContain('COSELL_TENANT_NAME_CRM_CLIENTSECRET')
  })

  it('says which variables mean nothing, and lets a tenant\'s file name any of them', () => {
    const file = tenantFile('contoso').replace('CONTOSO_SECRET', 'COSELL_OF_CONTOSO')
    const [contoso, fabrikam] = loadInstallation(
      given({ '/i/tenants/contoso.yaml': file }, { COSELL_OF_CONTOSO: 'named', COSELL_TENANT_CONTSO_CRM_URL: 'x', COSELL_STROE: 'y' }),
      null,
    )
    expect(contoso?.config.crm).toMatchObject({ clientSecret: 'named' })
    const said = [...(contoso?.warnings ?? []), ...(fabrikam?.warnings ?? [])].join()
    expect(said).toContain('COSELL_TENANT_CONTSO_CRM_URL')
    expect(said).toContain('COSELL_STROE')
    expect(said).not.toContain('COSELL_OF_CONTOSO')
  })

  it('has one address for figures and health, for all tenants together', () => {
    const loaded = loadInstallation(given({ '/i/cosell.yaml': installationFile.replace('8500 }', '8500, observe: 127.0.0.1:9464 }') }), null)
    expect(loaded.map(({ config }) => config.server.observe)).toMatchObject([{ port: 9464 }, { port: 9464 }])
  })

  it.each([
    ['a shared setting in a tenant\'s file', given({ '/i/tenants/contoso.yaml': tenantFile('contoso', 'store: ./own') }), /tenants\/contoso.yaml.*store is the same for all tenants/s],
    ['a tenant\'s setting in the installation\'s file', given({ '/i/cosell.yaml': `${installationFile}sync: { poll: 5s }\n` }), /line 9: sync.poll is no setting of an installation/],
    ['a file that is not there', given({ '/i/cosell.yaml': installationFile.replace('fabrikam.yaml', 'nobody.yaml') }), /nobody.yaml.*does not exist/s],
    ['a tenant without an address of its own', given({ '/i/tenants/contoso.yaml': tenantFile('contoso').replace('server:', '# server:') }), /server.publicUrl is missing/],
    ['two tenants on one CRM', given({ '/i/tenants/fabrikam.yaml': tenantFile('fabrikam').replace('//fabrikam.crm', '//contoso.crm') }), /crm.url is https:\/\/contoso.crm.dynamics.com for both contoso and fabrikam/],
    ['two tenants of one partner account', given({ '/i/tenants/fabrikam.yaml': tenantFile('fabrikam').replaceAll('fabrikam.onmicrosoft', 'Contoso.onmicrosoft') }), /partnerCenter.tenant is contoso.onmicrosoft.com for both/],
    ['two tenants under one host', given({ '/i/tenants/fabrikam.yaml': tenantFile('fabrikam').replace('fabrikam.cosell', 'contoso.cosell') }), /server.publicUrl is contoso.cosell.example for both/],
    ['a name that cannot stand in an address', given({ '/i/cosell.yaml': installationFile.replace('contoso:', 'Con toso:') }), /name that cannot stand in an address/],
    ['tenants that are no section', given({ '/i/cosell.yaml': 'tenants: [a, b]\n' }), /tenants must be a section/],
  ])('refuses %s, and says where', (_what, request, message) => {
    expect(problemOf(() => loadInstallation(request, null))).toMatch(message)
  })

  it('asks a command which tenant it speaks of, and takes the one that is named', () => {
    expect(problemOf(() => loadTenant(given(), null))).toMatch(/several tenants. Name one with --tenant or COSELL_TENANT: contoso, fabrikam/)
    expect(loadTenant(given(), 'fabrikam').config.tenant).toBe('fabrikam')
    expect(problemOf(() => loadTenant(given(), 'nobody'))).toMatch(/there is no tenant nobody. Known: contoso, fabrikam/)
    const single = given({ '/i/cosell.yaml': tenantFile('contoso') })
    expect(loadTenant(single, null).config.tenant).toBeNull()
    expect(problemOf(() => loadTenant(single, 'contoso'))).toMatch(/serves one tenant/)
  })
})
