import { writeFileSync } from 'node:fs'
import { EXIT, type Io } from './app.js'
import { printJson } from './print.js'

/** A document on stdout, or in the file that `--out` names: then it says which. */
export function given(io: Io, json: boolean, { document, file }: { readonly document: string; readonly file: unknown }): number {
  if (typeof file !== 'string') {
    if (json) printJson(io, { document })
    else io.out(document)
    return EXIT.done
  }
  writeFileSync(file, document, { mode: 0o600 })
  if (json) printJson(io, { file })
  else io.err(`Wrote ${file}.\n`)
  return EXIT.done
}
