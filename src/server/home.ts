import type { Overview } from '../engine/views.js'

const escape = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;')
const row = (name: string, value: string): string => `<tr><th scope="row">${escape(name)}</th><td>${escape(value)}</td></tr>`
const table = (caption: string, rows: readonly string[]): string => `<table><caption>${escape(caption)}</caption>${rows.join('')}</table>`

/** Served beside the page, because the content policy allows no style within it. */
export const STYLE_PATH = '/assets-plain.css'
export const STYLE = `body{font:16px/1.5 system-ui,sans-serif;max-width:44rem;margin:2rem auto;padding:0 1rem;color:#1b1b1f;background:#fff}
caption{font-weight:600;text-align:left;padding:1rem 0 .25rem}table{border-collapse:collapse;width:100%}
th,td{text-align:left;font-weight:400;padding:.25rem .5rem .25rem 0;border-bottom:1px solid #ddd;vertical-align:top}
[role=alert]{border-left:4px solid #b3261e;padding-left:.75rem}a{color:#0b57d0}code{background:#f1f1f4;padding:0 .25rem}
@media (prefers-color-scheme:dark){body{color:#e6e6ea;background:#1b1b1f}th,td{border-color:#444}a{color:#8ab4f8}code{background:#2b2b31}}
`

export type PageLanguage = 'en' | 'zh-CN'

const page = (title: string, body: string, language: PageLanguage = 'en'): string => `<!doctype html>
<html lang="${language}"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><title>${escape(title)}</title>
<link rel="stylesheet" href="${STYLE_PATH}"></head><body><main>${body}</main></body></html>
`

const back: Readonly<Record<PageLanguage, string>> = { en: 'Back to cosell', 'zh-CN': '返回 cosell' }
export const messagePage = (title: string, text: string, language: PageLanguage): string =>
  page(`${title} · cosell`, `<h1>${escape(title)}</h1><p>${escape(text)}</p><p><a href="/">${back[language]}</a></p>`, language)

/** For those we do not know: says only how to come in. */
export const strangerPage = (signIn: 'offered' | 'not offered'): string =>
  page(
    'cosell',
    `<h1>cosell</h1><p>${
      signIn === 'offered'
        ? '<a href="/auth/sign-in">Sign in</a> to see your deals.'
        : 'The service runs. People sign in once <code>server.signIn</code> is set; scripts send a bearer token; on its own machine use <code>cosell deals list</code>.'
    }</p>`,
  )

/** A page without scripts that answers: is it on time, what needs a person. */
export function homePage(overview: Overview): string {
  const brakes = overview.brakes.map(
    ({ side, wouldChange, linked }) =>
      `<p role="alert">A sweep of ${side === 'crm' ? 'the CRM' : 'Partner Center'} was stopped: it would change ${wouldChange} of ${linked} linked deals. Look at <code>cosell plan</code>, then run <code>cosell sync --yes</code>.</p>`,
  )
  const { queue, lastSweepAt, behind } = overview
  const read = (side: 'partner' | 'crm'): string => `${lastSweepAt[side] ?? 'none yet'}${behind.includes(side) ? ' (overdue)' : ''}`
  return page(
    `cosell · ${overview.environment}`,
    `<h1>cosell · ${escape(overview.environment)}</h1>${brakes.join('')}${[
      table(
        'Deals',
        Object.entries(overview.states).map(([state, count]) => row(state, String(count))),
      ),
      table('Clocks', [
        row('Last event', overview.lastEventAt ?? 'none yet'),
        row('Last sweep of Partner Center', read('partner')),
        row('Last read of the CRM', read('crm')),
        row('Waiting', `${queue.due} due, ${queue.later} later, ${queue.leased} being worked`),
      ]),
      table(
        'Flows',
        overview.flows.map(({ flow, value }) => row(flow, value)),
      ),
    ].join(
      '',
    )}<p><a href="/api/docs/">The API</a> · <a href="/api/openapi.json">its description</a> · on this machine: <code>cosell deals list</code></p>`,
  )
}
