import { rootCertificates } from 'node:tls'
import { createTransport } from 'nodemailer'
import type { EndRef } from '../core/ref.js'
import type { TaskDesk } from '../core/tasks.js'
import { isLoopback, type Transport } from '../remote/transport.js'
import type { Channel, Notice } from './notice.js'

const deadlineMs = 15_000

export interface MailSettings {
  /** smtp:// or smtps:// with user and password. */
  readonly smtp: string
  readonly from: string
  readonly to: readonly string[]
}

const plainText = (notice: Notice, link: string | null): string =>
  [notice.text, notice.remedy, ...(link === null ? [] : [link])].filter((line) => line !== '').join('\n\n')

/** How the mail server is spoken to. Over the network only encrypted: its password must not travel in the clear because the server offers nothing better. */
export function smtpOptions(smtp: string, ca: string | null, deadline = deadlineMs) {
  return {
    url: smtp,
    connectionTimeout: deadline,
    greetingTimeout: deadline,
    socketTimeout: deadline,
    dnsTimeout: deadline,
    requireTLS: !isLoopback(new URL(smtp).hostname),
    ...(ca === null ? {} : { tls: { ca: [...rootCertificates, ca] } }),
  }
}

/** `linkOf`: the page of a deal, where the console has a public address. `ca`: authorities trusted besides the runtime's own. */
export function mailChannel(
  settings: MailSettings,
  linkOf: (deal: string) => string | null,
  { ca, deadline = deadlineMs }: { readonly ca: string | null; readonly deadline?: number },
): Channel {
  const mailer = createTransport(smtpOptions(settings.smtp, ca, deadline))
  return {
    name: 'email',
    async send(notice) {
      const text = plainText(notice, notice.deal === null ? null : linkOf(notice.deal))
      await mailer.sendMail({ from: settings.from, to: [...settings.to], subject: `[cosell] ${oneLine(notice.title)}`, text })
    },
  }
}

/** A header must not be broken by what a deal is called. */
const oneLine = (text: string): string => text.replaceAll(/[\r\n]+/g, ' ').slice(0, 200)

/** Source: learn.microsoft.com "Create incoming webhooks with Workflows for Microsoft Teams" (read 2024): an adaptive card in a message. */
export function teamsChannel(url: string, transport: Transport, linkOf: (deal: string) => string | null): Channel {
  return {
    name: 'teams',
    async send(notice, signal) {
      const link = notice.deal === null ? null : linkOf(notice.deal)
      const block = (text: string, more: object = {}): object => ({ type: 'TextBlock', text, wrap: true, ...more })
      const content = {
        $schema: 'http://adaptivecards.io/schemas/adaptive-card.json',
        type: 'AdaptiveCard',
        version: '1.4',
        body: [block(notice.title, { weight: 'Bolder', size: 'Medium' }), block(notice.text), block(notice.remedy, { isSubtle: true })],
        ...(link === null ? {} : { actions: [{ type: 'Action.OpenUrl', title: 'Open the deal', url: link }] }),
      }
      await post(
        transport,
        url,
        { type: 'message', attachments: [{ contentType: 'application/vnd.microsoft.card.adaptive', content }] },
        signal,
      )
    },
  }
}

/** Source: api.slack.com "Sending messages using incoming webhooks": text with its three reserved characters escaped. */
export function slackChannel(url: string, transport: Transport, linkOf: (deal: string) => string | null): Channel {
  const escaped = (text: string): string => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
  return {
    name: 'slack',
    async send(notice, signal) {
      const link = notice.deal === null ? null : linkOf(notice.deal)
      const text = `*${escaped(oneLine(notice.title))}*\n${escaped(notice.text)}\n_${escaped(notice.remedy)}_${link === null ? '' : `\n<${link}|Open the deal>`}`
      await post(transport, url, { text }, signal)
    },
  }
}

/** Where a deal stands in the CRM now; null: not yet, or not any more. */
export type RecordOf = (deal: string) => Promise<EndRef | null>

/** A task on the deal's record. What is about no deal, or one without a record, has no place there. */
export function taskChannel(tasks: TaskDesk, recordOf: RecordOf): Channel {
  return {
    name: 'crm-task',
    async send(notice, signal) {
      const ref = notice.deal === null ? null : await recordOf(notice.deal)
      if (ref === null) return
      const text = [notice.text, notice.remedy].filter((line) => line !== '').join('\n\n')
      await tasks.addTask({ ref, key: notice.key, subject: oneLine(notice.title), text, dueAt: notice.dueAt ?? null }, { signal })
    },
  }
}

async function post(transport: Transport, url: string, body: object, signal: AbortSignal): Promise<void> {
  const answer = await transport({
    method: 'POST',
    url,
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
    timeoutMs: deadlineMs,
    signal,
  })
  // The address is a secret of its own: anybody who has it may post.
  if (answer.status < 200 || answer.status >= 300) throw new Error(`${new URL(url).host} answered ${answer.status}`)
}
