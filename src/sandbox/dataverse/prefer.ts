import { badQuery } from './errors.js'
import { pageSizeOf } from './paging.js'
import { annotationsOf, noAnnotations } from './projections.js'
import type { Prefer } from './request.js'

const none: Prefer = {
  representation: false,
  track: false,
  continueOnError: false,
  annotationText: null,
  annotations: noAnnotations,
  pageSize: null,
}

/** Reads the one `Prefer` header with its comma-separated preferences; quoted lists keep their commas. */
export function readPrefer(text: string | undefined): Prefer {
  if (text === undefined || text === '') return none
  let prefer = none
  for (const [, name = '', quoted, bare] of text.matchAll(/([\w.-]+)\s*(?:=\s*(?:"([^"]*)"|([^,;\s]*)))?\s*(?:[,;]|$)/g)) {
    const value = quoted ?? bare
    switch (name.toLowerCase()) {
      case 'return':
        prefer = { ...prefer, representation: value === 'representation' }
        break
      case 'odata.track-changes':
        prefer = { ...prefer, track: true }
        break
      case 'odata.continue-on-error':
        if (value !== undefined && value !== '' && value !== 'true') throw badQuery(`The preference '${name}' takes no value '${value}'.`)
        prefer = { ...prefer, continueOnError: true }
        break
      case 'odata.include-annotations':
        prefer = { ...prefer, annotationText: value ?? '', annotations: annotationsOf(value) }
        break
      case 'odata.maxpagesize':
        prefer = { ...prefer, pageSize: pageSizeOf(value) }
        break
      default:
    }
  }
  return prefer
}
