import type { AuditEntry } from '../core/audit.js'
import { Fault } from '../core/fault.js'
import type { InstallItem, InstallPlan, InstallProgress, InstallReport } from '../core/ports.js'
import type { Config } from '../config/index.js'
import type { ConnectionParts, CrmConnection } from './parts.js'

/** Preparing the CRM: its fields and tables, and the events it sends to us. `by` names the person for the ledger. */
export interface Installation {
  plan(signal: AbortSignal): Promise<InstallPlan>
  apply(options: {
    readonly existing: 'alter' | 'leave'
    readonly by: string
    readonly onProgress: (progress: InstallProgress) => void
    readonly signal: AbortSignal
  }): Promise<InstallReport>
  registerCallbacks(options: { readonly by: string; readonly signal: AbortSignal }): Promise<InstallReport & { readonly url: string }>
  removeCallbacks(options: { readonly by: string; readonly signal: AbortSignal }): Promise<readonly string[]>
}

export const isOpen = ({ state }: InstallItem): boolean => state !== 'present'

export function installation(parts: ConnectionParts & { readonly config: Config; readonly crm: CrmConnection }): Installation {
  const { config, crm, store, clock } = parts
  const installer = (): NonNullable<CrmConnection['installer']> => {
    if (crm.installer !== null) return crm.installer
    throw new Fault('misconfigured', 'This CRM is prepared by its own package, not by this command.', {
      remedy: 'Run "cosell install package" and install what it writes.',
    })
  }
  const record = async (by: string, detail: string): Promise<void> => {
    const entry: AuditEntry = { link: null, at: clock.now(), by, run: null, event: { kind: 'setting', name: 'crm', detail } }
    await store.addAudit([entry], clock.now())
  }
  return {
    plan: (signal) => installer().plan({ signal }),
    async apply({ existing, by, onProgress, signal }) {
      const report = await installer().apply({ existing, onProgress, signal })
      if (report.done.length > 0) await record(by, `installed: ${report.done.length} changes at ${config.crm.url}`)
      return report
    },
    async registerCallbacks({ by, signal }) {
      const url = callbackUrl(config)
      const key = config.crm.webhookKey
      if (key === null)
        throw new Fault('misconfigured', 'There is no key that the CRM could show.', {
          remedy: 'Set crm.webhookKey to a long random text.',
        })
      const report = await installer().registerCallbacks({ url, key }, { signal })
      await record(by, `events of the CRM go to ${url}`)
      return { ...report, url }
    },
    async removeCallbacks({ by, signal }) {
      const removed = await installer().removeCallbacks({ signal })
      if (removed.length > 0) await record(by, 'events of the CRM are no longer sent here')
      return removed
    },
  }
}

function callbackUrl({ server, crm }: Config): string {
  if (server.publicUrl === null)
    throw new Fault('misconfigured', 'There is no address that the CRM could call.', {
      remedy: 'Set server.publicUrl to the https address that leads to this service.',
    })
  return `${server.publicUrl.replace(/\/+$/, '')}/hooks/${crm.kind}`
}
