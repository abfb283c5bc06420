import type { Io } from './app.js'

/** Characters that a terminal obeys instead of showing them, and the two that turn what follows around. Tab and line break are left. */
const obeyed = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202d\u202e]/g
/** What we print ourselves: headings in bold, and the line breaks of CSV. */
const ours = /(\u001b\[(?:1|22)m|\r\n)/

/** A text of others as one that can only be read: a name may come from anybody who can send us a deal. */
export const harmless = (text: string): string => text.replaceAll(obeyed, '\uFFFD')

/** The same for whole output: our own marks stay. */
const harmlessOutput = (text: string): string => text.split(ours).map((part, index) => (index % 2 === 1 ? part : harmless(part))).join('')

/** JSON as it was, with every character written as an escape that a terminal would obey. */
export const harmlessJson = (json: string): string =>
  json.replaceAll(/[\u007f-\u009f\u202d\u202e]/g, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`)

/** Nothing that a command prints steers the terminal, but for the progress bar, which goes back to the beginning of its line. */
export const harmlessIo = (io: Io): Io => ({
  ...io,
  out: (text) => io.out(harmlessOutput(text)),
  err: (text) => io.err(text.split(/^(\r)|(\r)$/).map((part: string | undefined) => (part === '\r' ? part : harmlessOutput(part ?? ''))).join('')),
})
