import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { stringify } from 'yaml'
import { Fault } from './core/fault.js'
import type { Service } from './engine/views.js'
import { causeConflicts, dynamicsCrm, fillWithDeals, salesforceCrm, startSandbox, type DemoCrm, type Sandbox } from './sandbox/index.js'

export interface DemoOptions {
  /** Of the service; null: 8400. */
  readonly port: number | null
  readonly crm: string
  /** What is under way. */
  readonly say: (text: string) => void
  /** What there is when all is ready: for people, and for scripts. */
  readonly print?: (text: string, document: object) => void
  /** Only the simulators, from this port on. */
  readonly sandboxPort?: number
  /** Which co-sell fields the simulated Dynamics 365 has; absent: ours. */
  readonly fields?: 'cosell' | 'none' | 'microsoft'
}

export interface Demo {
  readonly configFile: string
  readonly sandbox: Sandbox
  /** Fills the systems, lets the first sync run, causes conflicts, and says what to try. */
  ready(service: Service, address: string): Promise<void>
  close(): Promise<void>
}

const servicePort = 8400
const seed = 20_261_124
const conflictsWanted = 5
const never = new AbortController().signal

/** The simulators and a configuration that points to them, in a folder of their own that goes away again. */
export async function createDemo(options: DemoOptions): Promise<Demo> {
  const kind = DEMO_CRMS[options.crm]
  if (kind === undefined) {
    const remedy = `Use --crm ${Object.keys(DEMO_CRMS).join(' or --crm ')}.`
    throw new Fault('misconfigured', `The demo has no simulated CRM "${options.crm}".`, { remedy })
  }
  // The folder first: where none can be made, nothing listens yet that would keep the process alive.
  const folder = mkdtempSync(join(tmpdir(), 'cosell-demo-'))
  const remove = (): void => rmSync(folder, { recursive: true, force: true })
  try {
    return await inFolder(folder, kind, options, remove)
  } catch (error) {
    remove()
    throw error
  }
}

async function inFolder(folder: string, kind: DemoKind, options: DemoOptions, remove: () => void): Promise<Demo> {
  const sandbox = await startSandbox({ port: options.sandboxPort ?? 0, seed, customFields: options.fields ?? 'cosell', crm: kind.at })
  const configFile = join(folder, 'cosell.yaml')
  const port = options.port ?? servicePort
  const token = randomBytes(18).toString('base64url')
  try {
    writeFileSync(join(folder, 'roots.pem'), sandbox.trustAnchors)
    writeFileSync(configFile, stringify(configOf(sandbox, kind.config(sandbox), { port, token })), { mode: 0o600 })
  } catch (error) {
    await sandbox.close()
    throw error
  }
  const print = options.print ?? (() => undefined)
  if (options.sandboxPort !== undefined) {
    kind.crm(sandbox).prepare()
    print(`${addresses(sandbox)}A configuration for them: ${configFile}\nStop with Ctrl-C.\n`, { systems: sandbox.urls, config: configFile })
  }
  return {
    configFile,
    sandbox,
    ready: (service, address) => fill(sandbox, kind, service, { address, port, token, configFile, say: options.say, print }),
    close: async () => {
      await sandbox.close()
      remove()
    },
  }
}

/** One kind of simulated CRM: what the configuration says of it, how it is called, and the people in it. */
interface DemoKind {
  readonly name: string
  readonly config: (sandbox: Sandbox) => object
  readonly at: 'dynamics' | 'salesforce'
  readonly crm: (sandbox: Sandbox) => DemoCrm
}
const DEMO_CRMS: Readonly<Record<string, DemoKind>> = {
  dynamics: {
    name: 'Dynamics 365',
    at: 'dynamics',
    config: ({ urls, credentials }) => ({
      kind: 'dynamics',
      url: urls.dynamics,
      authorityUrl: urls.entra,
      tenant: credentials.tenant,
      clientId: credentials.crmClientId,
      clientSecret: credentials.crmClientSecret,
    }),
    crm: dynamicsCrm,
  },
  salesforce: {
    name: 'Salesforce',
    at: 'salesforce',
    config: ({ urls, credentials }) => ({
      kind: 'salesforce',
      url: urls.salesforce,
      clientId: credentials.salesforceClientId,
      clientSecret: credentials.salesforceClientSecret,
    }),
    crm: salesforceCrm,
  },
}

function configOf({ urls, credentials }: Sandbox, crm: object, { port, token }: { readonly port: number; readonly token: string }): object {
  return {
    environment: 'demo',
    store: './data',
    server: { listen: `127.0.0.1:${port}`, publicUrl: `http://127.0.0.1:${port}`, adminTokens: [token] },
    partnerCenter: {
      tenant: credentials.tenant,
      clientId: credentials.partnerClientId,
      clientSecret: credentials.partnerClientSecret,
      refreshToken: credentials.refreshToken,
      referralsUrl: urls.partnerCenter,
      platformUrl: urls.partnerCenter,
      authorityUrl: urls.entra,
      webhook: { certificateHosts: [new URL(urls.partnerCenter).host], trustAnchors: './roots.pem' },
    },
    crm: { ...crm, webhookKey: 'demo-webhook-key' },
    sync: { poll: '2s', sweep: '30s', owner: 'kim@fabrikam.example' },
    log: { level: 'warn' },
  }
}

/** One CRM where only one is in use. */
function addresses({ urls }: Sandbox, kind?: DemoKind): string {
  const crms = Object.values(DEMO_CRMS).filter((other) => kind === undefined || other === kind)
  const lines = [
    ['Entra ID', urls.entra],
    ['Partner Center', urls.partnerCenter],
    ...crms.map(({ name, at }) => [name, urls[at]]),
    ['the desk', `${urls.desk}   (act as people there; GET shows how)`],
  ]
  return `Simulated systems:\n${lines.map(([name = '', url = '']) => `  ${name.padEnd(15)} ${url}\n`).join('')}`
}

async function fill(
  sandbox: Sandbox,
  kind: DemoKind,
  service: Service,
  at: { address: string; port: number; token: string; configFile: string } & Required<Pick<DemoOptions, 'say' | 'print'>>,
): Promise<void> {
  const { say, print } = at
  sandbox.partnerCenter.webhook.set({
    url: `http://127.0.0.1:${at.port}/hooks/partner-center`,
    events: ['referral-created', 'referral-updated', 'related-referral-created', 'related-referral-updated', 'test-created'],
  })
  say('Making sample deals…\n')
  const crm = kind.crm(sandbox)
  const counts = fillWithDeals(sandbox, crm)
  say('First sync…\n')
  await service.sync({ deals: [], release: true, signal: never, by: 'demo' })
  causeConflicts(sandbox, crm, conflictsWanted)
  const summary = await service.sync({ deals: [], release: true, signal: never, by: 'demo' })
  say(
    `\n${Object.entries(counts)
      .map(([kind, count]) => `${String(count).padStart(4)} ${kind}`)
      .join('\n')}\n\n`,
  )
  say(
    `${Object.entries(summary.states)
      .map(([state, count]) => `${count} ${state}`)
      .join(', ')}\n\n`,
  )
  print(
    `${addresses(sandbox, kind)}\ncosell is running at ${at.address}\n${elsewhere(at.token)}\nTry, in another terminal:\n${tries(sandbox, at.configFile)}\nStop with Ctrl-C.\n`,
    { url: at.address, token: at.token, config: at.configFile, systems: sandbox.urls, deals: counts, states: summary.states },
  )
}

/** Whoever sits at this machine is let in as they are. A container's own machine is another one. */
const elsewhere = (token: string): string => `From another machine, or from outside a container, sign in with the token ${token}\n`

const tries = ({ urls }: Sandbox, configFile: string): string => `  export COSELL_CONFIG=${configFile}
  npx cosell deals list --state needs-attention
  npx cosell conflicts list
  npx cosell deals show DEAL --live
  npx cosell plan

Change a deal as a person in Partner Center and see it arrive in the CRM:
  curl -X POST ${urls.desk}/partnerCenter/inbound/coSell -d '[{"name":"A new deal from Microsoft"}]'
  npx cosell deals list --search "new deal"
`
