/** One thing that is wrong with the configuration, said so that it can be mended without reading anything else. */
export interface Problem {
  /** Dotted path of the setting; empty for the file as a whole. */
  readonly path: string
  /** Where it stands in the file; null when it does not come from there. */
  readonly line: number | null
  readonly column: number | null
  readonly message: string
  readonly hint: string | null
}

/** Where in the file something stands. Lines and columns count from 1. */
export interface Position {
  readonly line: number
  readonly column: number
}

function sentence(problem: Problem): string {
  const place = problem.line === null ? '' : `line ${problem.line}: `
  const end = /[.?!]$/.test(problem.message) ? '' : '.'
  return `${place}${problem.message}${end}${problem.hint === null ? '' : ` ${problem.hint}`}`
}

/** The configuration cannot be used. Carries every problem at once; commands end with exit code 2. */
export class ConfigError extends Error {
  readonly exitCode = 2
  readonly problems: readonly Problem[]
  readonly file: string | null

  constructor(file: string | null, problems: readonly Problem[]) {
    const subject = file ?? 'The configuration'
    const count = problems.length === 1 ? 'a problem' : `${problems.length} problems`
    super(`${subject} has ${count}:\n${problems.map((problem) => `  ${sentence(problem)}`).join('\n')}`)
    this.name = 'ConfigError'
    this.file = file
    this.problems = problems
  }
}
