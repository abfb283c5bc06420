/** What a remote system says of how much it may still be asked. `limit` null: it names only what is left. */
export interface Allowance {
  /** Calls of the last 24 hours; calls, or seconds of execution, of a short sliding window. */
  readonly name: 'daily-calls' | 'window-calls' | 'window-seconds'
  readonly left: number
  readonly limit: number | null
}
/** Reads them out of an answer's headers; names are lower case. */
export type ReadAllowances = (headers: Readonly<Record<string, string>>) => readonly Allowance[]
