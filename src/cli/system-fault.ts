import { Fault, isFault, toFault } from '../core/fault.js'

/** What a command may meet on its own machine, by the system's name for it: what happened, and what to do. */
const MET: Readonly<Record<string, readonly [(what: string) => string, string]>> = {
  EADDRINUSE: [(what) => `Another process listens on ${what} already.`, 'Stop it, or choose another address: server.listen, or --port.'],
  EADDRNOTAVAIL: [(what) => `This machine has no address ${what}.`, 'Correct server.listen.'],
  EACCES: [(what) => `The system does not allow access to ${what}.`, 'Give the user that runs this the right to it, or name another.'],
  EPERM: [(what) => `The system does not allow access to ${what}.`, 'Give the user that runs this the right to it, or name another.'],
  ENOENT: [(what) => `There is no file ${what}.`, 'Check the path.'],
  ENOTDIR: [(what) => `${what} leads through something that is no folder.`, 'Check the path.'],
  EISDIR: [(what) => `${what} is a folder, not a file.`, 'Name a file.'],
  EROFS: [(what) => `${what} lies on a medium that cannot be written.`, 'Name a file elsewhere.'],
  ENOSPC: [(what) => `There is no room left for ${what}.`, 'Make room, then run the command again.'],
}

/** Anything that ended a command as a Fault: a file or an address that is not as the command needs it is no bug of ours. */
export function commandFault(error: unknown): Fault {
  if (isFault(error) || !(error instanceof Error)) return toFault(error)
  const { code = '', path, address, port } = error as NodeJS.ErrnoException & { address?: string; port?: number } // absent on other errors
  const met = Object.hasOwn(MET, code) ? MET[code] : undefined
  if (met === undefined) return toFault(error)
  const what = address === undefined ? (path ?? 'it') : `${address}:${port ?? ''}`
  return new Fault('misconfigured', met[0](what), { remedy: met[1], cause: error })
}
