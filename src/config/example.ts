import { stringify } from 'yaml'
import type { CrmAnswers } from '../adapters/crm-kind.js'
import { crmKind, type CrmName } from '../adapters/registry.js'

/** What `cosell init` asks. Secrets are never asked: the file names the variables they come from. */
export interface InitAnswers {
  readonly environment: string
  readonly store: string
  readonly publicUrl: string | null
  readonly partnerTenant: string
  readonly partnerClientId: string
  readonly partnerId: string | null
  readonly crm: CrmAnswers & { readonly kind: CrmName }
}

/** Variables the written file names, with what each is for: `cosell init` prints them as the next step. */
export const exampleVariables: Readonly<Record<string, string>> = {
  ADMIN_TOKEN: 'bearer token of scripts; make one with: openssl rand -hex 32',
  PC_CLIENT_SECRET: 'client secret of the app registration for Partner Center',
  CRM_CLIENT_SECRET: 'client secret of the app registration for the CRM',
  CRM_WEBHOOK_KEY: 'shared secret of the CRM\'s callbacks; make one with: openssl rand -hex 32',
}

/** One scalar, quoted only where YAML needs it. Partner ids are quoted always, so that no editor takes them for numbers. */
const scalar = (text: string): string => (/^\d+$/.test(text) ? `"${text}"` : stringify(text, { lineWidth: 0 }).trim())
/** A setting that is not used yet stands as a comment, so that it is found when it is wanted. */
const optional = (key: string, value: string | null, sample: string): string => (value === null ? `# ${key}: ${sample}` : `${key}: ${scalar(value)}`)

/** A commented cosell.yaml from a few answers. */
export function exampleConfig(answers: InitAnswers): string {
  return `# yaml-language-server: $schema=./cosell.schema.json
# Configuration of cosell. Every setting: docs/configuration.md. Editors complete this file with: cosell config schema > cosell.schema.json
# \${NAME} is replaced from the environment. Every value can be overridden by COSELL_ and its path, like COSELL_SYNC_POLL=1m.

environment: ${scalar(answers.environment)}         # a name, shown on every page and in every log line
store: ${scalar(answers.store)}                # a folder (embedded store), or postgres://user:password@host/database

server:
  listen: 127.0.0.1:8400
  ${optional('publicUrl', answers.publicUrl, 'https://cosell.example.com')}   # what the remote systems call back; without it changes are found by polling
  adminTokens: [ "\${ADMIN_TOKEN}" ]      # bearer tokens of scripts; people sign in:
  # signIn:
  #   issuer: https://login.microsoftonline.com/TENANT/v2.0
  #   clientId: 00000000-0000-0000-0000-000000000000
  #   clientSecret: \${SIGN_IN_CLIENT_SECRET}
  #   roles: { admin: [cosell-admins], operator: [cosell-operators], viewer: [cosell-viewers] }

partnerCenter:
  tenant: ${scalar(answers.partnerTenant)}
  clientId: ${scalar(answers.partnerClientId)}
  clientSecret: \${PC_CLIENT_SECRET}
  ${optional('partnerId', answers.partnerId, '"1234567"')}   # the location new deals are created under
  # \`cosell connect partner-center\` signs in and seals a refresh token; nothing of it stands here.

${crmKind(answers.crm.kind)?.section(answers.crm, scalar) ?? ''}

sync:
  flows: { partnerToCrm: observe, crmToPartner: observe }   # observe: plan and record, write nothing · on · off
  leads: true                            # false: co-sell opportunities only
  poll: 30s                              # how often the CRM's change feed is read; callbacks make it sooner
  sweep: 10m                             # how often both sides are swept for missed changes
  # since: 2026-01-01                    # the first sync looks at deals changed since then
  # open: true                           # the first sync takes open deals only
  irreversible: allow                    # allow | confirm | forbid: sharing, accepting, declining, closing
  # owner: sales@contoso.com             # CRM owner of inbound deals when no team member is a CRM user

# mapping: ./mapping.yaml                # rows that replace or add to the built-in profile
`
}
