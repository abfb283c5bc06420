import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import ts from 'typescript'

export interface Said {
  /** With `{1}`, `{2}` … in the place of what is put in. */
  readonly text: string
  readonly file: string
}

/** Whose words never reach the console: they stay in a terminal, in a log, in the CRM, in the API's description, or with the caller of a webhook. */
const ELSEWHERE: readonly RegExp[] = [
  /^src\/(sandbox|cli|config|demo\.ts|log\.ts|metrics\.ts|server\/process-metrics\.ts|trac|redact|assemble|installation\.ts)/,
  /^src\/store\/(backup|migrations|rotate)\.ts/,
  /^src\/adapters\/(crm-kind|registry)\.ts/,
  /^src\/core\/(countries|states|matching|mapping-laws|conversion-functions)\.ts/,
  /^src\/server\/(openapi|docs|home|front|gate|limits|health|readiness|console|hooks|local-socket|events|sign-in-pages|operations|[a-z]+-operations)\.ts/,
  /^src\/adapters\/[a-z-]+\/(inbound|certificates|chain|kind|profile|row|schema|columns|soql|tasks)\.ts/,
  /^src\/adapters\/[a-z-]+\/(package\/|install\/(blueprint|forms|views|resources|package|deploy|catalogue|steps-removal|removal))/,
  /^src\/connections\/(crm-package|catalogue-file)\.ts/,
  /^src\/(engine\/note-text|core\/field-words)\.ts/,
  /^src\/store\/(postgres-batch|postgres-dialect|sqlite-dialect)\.ts/,
  /^src\/watch\/(channels|turns)\.ts/,
]
/** Pieces of requests, and names of spans and scopes. */
const TECHNICAL =
  / (eq|ne|ge|gt) (\{|true|null|0)| (asc|desc)$|^\(?(SELECT|WHERE|LIMIT|ORDER|AND|Bearer)\b|^ AND |<[a-z/]|offline_access|^openid|^updatedDateTime|^SystemModstamp|^\{1\} (and \(|IN)|^cosell connect|^work deal$|^HTTP \{1\}$|^BEGIN [A-Z]+$|^is not$|^kind not in |^Query read timeout$/
/** For the log, or to a programmer. */
const QUIET_CALL = /(^|\.)(log|warn|info|debug|error|describe|execute|raw|soql|query|RegExp|reported?)$/
const words = /[A-Za-z]{2,},? +([A-Za-z({"]|\d)|\} [a-z]{2,}/

const filesIn = (folder: string): string[] =>
  readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.ts') && !entry.name.endsWith('.test.ts'))
    .map((entry) => join(entry.parentPath, entry.name))
    .sort()

function textOf(node: ts.Node): string | null {
  if (ts.isStringLiteral(node) || ts.isNoSubstitutionTemplateLiteral(node)) return node.text
  if (!ts.isTemplateExpression(node)) return null
  return node.head.text + node.templateSpans.map((span, index) => `{${index + 1}}${span.literal.text}`).join('')
}

function isQuiet(node: ts.Node): boolean {
  if (ts.isImportDeclaration(node) || ts.isTypeNode(node) || ts.isTaggedTemplateExpression(node)) return true
  if (ts.isNewExpression(node)) return node.expression.getText() === 'Error'
  return ts.isCallExpression(node) && node.expression.getText() !== 'warn' && QUIET_CALL.test(node.expression.getText())
}

/** What names a check is shown, be it a single word. */
const namesCheck = (node: ts.Node): boolean =>
  ts.isCallExpression(node.parent) && node.parent.arguments[0] === node && /^(pass|warn|fail)$/.test(node.parent.expression.getText())

interface Literal {
  readonly text: string
  readonly isNamed: boolean
}
/** Every text of the service, as its source has it, by file; single words too. */
function literals(file: string): Literal[] {
  const source = ts.createSourceFile(file, readFileSync(file, 'utf8'), ts.ScriptTarget.Latest, true)
  const found: Literal[] = []
  const visit = (node: ts.Node): void => {
    if (isQuiet(node)) return
    const text = textOf(node)
    if (text !== null) found.push({ text, isNamed: namesCheck(node) && !text.startsWith('{') })
    ts.forEachChild(node, visit)
  }
  visit(source)
  return found
}

/** What the service says to people who look at the console, and every text there is at all. */
export function sentencesOfTheService(): { readonly said: readonly Said[]; readonly everything: ReadonlySet<string> } {
  const everything = new Set<string>()
  const said: Said[] = []
  for (const file of filesIn('src')) {
    for (const { text, isNamed } of literals(file)) {
      everything.add(text)
      if ((words.test(text) || isNamed) && !TECHNICAL.test(text) && !ELSEWHERE.some((where) => where.test(file))) said.push({ text, file })
    }
  }
  return { said, everything }
}
