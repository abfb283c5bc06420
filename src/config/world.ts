import { readFileSync } from 'node:fs'
import type { Environment, ReadFile } from './environment.js'

/** The surroundings of a real process. The only place that looks at its environment. */
export interface ProcessWorld {
  readonly env: Environment
  readonly cwd: string
  readonly readFile: ReadFile
}

const isMissing = (cause: unknown): boolean => cause instanceof Error && 'code' in cause && (cause.code === 'ENOENT' || cause.code === 'ENOTDIR')

export function processWorld(): ProcessWorld {
  return {
    env: process.env,
    cwd: process.cwd(),
    readFile(path) {
      try {
        return readFileSync(path, 'utf8')
      } catch (cause) {
        if (isMissing(cause)) return null
        throw cause
      }
    },
  }
}
