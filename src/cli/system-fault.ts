import { existsSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { Fault, isFault, toFault } from '../core/fault.js'

/** What a command may meet on its own machine, by the system's name for it: what happened, and what to do. */
const MET: Readonly<Record<string, readonly [(what: string) => string, string]>> = {
  EADDRINUSE: [(what) => `Another process listens on ${what} already.`, 'Stop it, or choose another address: server.listen of the configuration, or --port of demo and sandbox.'],
  EADDRNOTAVAIL: [(what) => `This machine has no address ${what}.`, 'Correct server.listen.'],
  EACCES: [(what) => `The system does not allow access to ${what}.`, 'Give the user that runs this the right to it, or name another.'],
  EPERM: [(what) => `The system does not allow access to ${what}.`, 'Give the user that runs this the right to it, or name another.'],
  ENOENT: [missing, 'Check the path.'],
  ENOTDIR: [(what) => `${what} leads through something that is no folder.`, 'Check the path.'],
  EISDIR: [(what) => `${what} is a folder, not a file.`, 'Name a file.'],
  EROFS: [(what) => `${what} lies on a medium that cannot be written.`, 'Name a file elsewhere.'],
  ENOSPC: [(what) => `There is no room left for ${what}.`, 'Make room, then run the command again.'],
}

/** Whoever names a file to be written wants to hear of the folder that is not there. */
function missing(what: string): string {
  const folder = dirname(resolve(what))
  return existsSync(folder) ? `There is no file ${what}.` : `There is no folder ${folder} for ${what}.`
}

/** The disk of an embedded store, as SQLite says it. */
const diskTrouble = /^SQLITE_(FULL|IOERR|CANTOPEN|READONLY)/

/** Anything that ended a command as a Fault: a file, a disk, an address or a server that is not as the command needs it is no bug of ours. */
export function commandFault(error: unknown): Fault {
  if (isFault(error) || !(error instanceof Error)) return toFault(error)
  const { code = '', message, path, address, port } = error as NodeJS.ErrnoException & { address?: string; port?: number } // absent on other errors
  if (diskTrouble.test(code))
    return new Fault('misconfigured', `The embedded store cannot be used: ${message}.`, { remedy: 'Make room on its disk, or give this user the right to it.', cause: error })
  const met = Object.hasOwn(MET, code) ? MET[code] : undefined
  if (met === undefined) return toFault(error)
  const what = address === undefined ? (path ?? 'it') : `${address}:${port ?? ''}`
  return new Fault('misconfigured', met[0](what), { remedy: met[1], cause: error })
}
