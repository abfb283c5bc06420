import { badQuery, expiredVersion } from './errors.js'

/** Where a page ended: the sort values of its last row, then its id. */
export interface Position {
  readonly values: readonly (string | number | null)[]
  readonly id: string
}

export interface SkipToken {
  readonly page: number
  readonly position: Position
  /** For a first round with change tracking: the version the round began at. */
  readonly track: number | null
  /** For a delta round: its bounds, and whether deletions are already being answered. */
  readonly delta: { readonly from: number; readonly to: number; readonly at: number; readonly fromMs: number } | null
}

/** The cookie of a next page, in the shape the service writes it; opaque to clients. */
export function writeSkipToken(token: SkipToken): string {
  const facts = Buffer.from(JSON.stringify([token.position.values, token.track, token.delta])).toString('base64url')
  const inner = `<cookie page="${token.page - 1}"><key last="{${token.position.id.toUpperCase()}}" first="${facts}" /></cookie>`
  const tracking = token.track === null && token.delta === null ? 'False' : 'True'
  return encodeURIComponent(
    `<cookie pagenumber="${token.page}" pagingcookie="${encodeURIComponent(encodeURIComponent(inner))}" istracking="${tracking}" />`,
  )
}

export function readSkipToken(text: string): SkipToken {
  const outer = /^<cookie pagenumber="(\d+)" pagingcookie="([^"]*)" istracking="(?:True|False)" \/>$/.exec(text)
  try {
    const inner = decodeURIComponent(decodeURIComponent(outer?.[2] ?? ''))
    const parts = /last="\{([^}]*)\}" first="([\w-]*)"/.exec(inner)
    if (outer === null || parts === null) throw new Error('no cookie')
    // Written by writeSkipToken above; anything else fails to parse and is refused below.
    const [values, track, delta] = JSON.parse(Buffer.from(parts[2] ?? '', 'base64url').toString()) as [
      Position['values'],
      number | null,
      SkipToken['delta'],
    ]
    return { page: Number(outer[1]), position: { values, id: (parts[1] ?? '').toLowerCase() }, track, delta }
  } catch {
    throw badQuery(`The paging cookie in $skiptoken is not valid or does not belong to this query.`)
  }
}

/** `{version}!{MM/dd/yyyy HH:mm:ss}`, percent-encoded as the service does it. */
export function writeDeltaToken(version: number, atMs: number): string {
  const iso = new Date(atMs).toISOString()
  const date = `${iso.slice(5, 7)}/${iso.slice(8, 10)}/${iso.slice(0, 4)} ${iso.slice(11, 19)}`
  return `${version}!${date}`.replace(/[^0-9A-Za-z.]/g, (sign) => `%${sign.charCodeAt(0).toString(16)}`)
}

export function readDeltaToken(text: string): { version: number; atMs: number } {
  const parts = /^(\d+)!(\d{2})\/(\d{2})\/(\d{4}) (\d{2}):(\d{2}):(\d{2})$/.exec(text)
  if (parts === null) throw expiredVersion()
  const [, version, month, day, year, hour, minute, second] = parts
  return { version: Number(version), atMs: Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`) }
}

/** Pages hold at most this many rows. Source: learn.microsoft.com "Page results" (read 2023-10). */
export const pageMax = 5_000

export function pageSizeOf(preference: string | undefined): number {
  const size = preference === undefined ? pageMax : Number(preference)
  if (!Number.isInteger(size) || size < 1) throw badQuery(`The value '${preference}' of odata.maxpagesize is not valid.`)
  return Math.min(size, pageMax)
}
