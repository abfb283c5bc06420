import type { Overview } from '../engine/views.js'

const escape = (text: string): string => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;')
const row = (name: string, value: string): string => `<tr><th scope="row">${escape(name)}</th><td>${escape(value)}</td></tr>`

/** A page without scripts that answers: is it on time, what needs a person. */
export function homePage(overview: Overview, version: string): string {
  const states = Object.entries(overview.states).map(([state, count]) => row(state, String(count)))
  const flows = overview.flows.map(({ flow, value }) => row(flow, value))
  const clocks = [row('Last event', overview.lastEventAt ?? 'none yet'), row('Last sweep of Partner Center', overview.lastSweepAt.partner ?? 'none yet'), row('Last read of the CRM', overview.lastSweepAt.crm ?? 'none yet'), row('Waiting', `${overview.queue.due} due, ${overview.queue.later} later`)]
  const brakes = overview.brakes.map((brake) => `<p role="alert">A sweep of ${brake.side} was stopped: it would change ${brake.wouldChange} of ${brake.linked} linked deals. Look, then run <code>cosell sync --yes</code>.</p>`)
  return `<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>cosell · ${escape(overview.environment)}</title></head>
<body><h1>cosell · ${escape(overview.environment)}</h1>${brakes.join('')}
<h2>Deals</h2><table>${states.join('')}</table><h2>Clocks</h2><table>${clocks.join('')}</table><h2>Flows</h2><table>${flows.join('')}</table>
<p>Version ${escape(version)}. The API is described at <a href="/api/openapi.json">/api/openapi.json</a>; on this machine use <code>cosell deals list</code>.</p></body></html>`
}
