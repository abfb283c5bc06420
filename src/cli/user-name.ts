import { userInfo } from 'node:os'

/** Who gives a command, for the ledger. A container may run under a number that no name belongs to, and then asking for one throws. */
export function userName(ask: () => { readonly username: string } = userInfo): string {
  try {
    return ask().username
  } catch {
    return `user ${String(process.getuid?.() ?? 'unknown')}`
  }
}
