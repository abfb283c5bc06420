import type { SimResponse } from '../http.js'
import type { EntraUser } from './model.js'

const style = [
  'body{font:16px system-ui,sans-serif;max-width:28rem;margin:10vh auto;padding:0 1rem}',
  'button{font:inherit;width:100%;padding:.75rem;margin:.25rem 0;text-align:left;cursor:pointer}',
  'input{font:inherit;padding:.5rem;width:100%;box-sizing:border-box;margin:.5rem 0}',
].join('')
const viewport = '<meta name="viewport" content="width=device-width">'

/** The pages a person sees: one button per demo person, because the sandbox has no passwords. */
export function page(status: number, title: string, content: string): SimResponse {
  const head = `<meta charset="utf-8"><title>${escaped(title)}</title>${viewport}<style>${style}</style>`
  return {
    status,
    headers: { 'content-type': 'text/html; charset=utf-8', 'cache-control': 'no-store' },
    body: `<!doctype html><html lang="en"><head>${head}</head><body><main><h1>${escaped(title)}</h1>${content}</main></body></html>`,
  }
}

export function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;')
}

/** A form that sends what it was asked with, and the person who was clicked. */
export function personForm(action: string, hidden: Readonly<Record<string, string>>, people: readonly EntraUser[]): string {
  const fields = Object.entries(hidden).map(([name, value]) => `<input type="hidden" name="${escaped(name)}" value="${escaped(value)}">`)
  const buttons = people.map((person) => {
    const factor = person.mfa ? 'with a second factor' : 'with a password only'
    const label = `<strong>${escaped(person.name ?? person.email)}</strong><br>${escaped(person.email)}, ${factor}`
    return `<button name="sandbox_person" value="${escaped(person.email)}">${label}</button>`
  })
  const decline = '<button name="sandbox_decline" value="1">Decline</button>'
  return `<form method="post" action="${escaped(action)}">${fields.join('')}${buttons.join('')}${decline}</form>`
}
