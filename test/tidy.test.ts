import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync, statSync } from 'node:fs'
import { basename, dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'

const root = fileURLToPath(new URL('..', import.meta.url)).replace(/[\\/]$/, '')
const self = 'test/tidy.test.ts' // Holds the banned words themselves.

/** Tracked files that are still there. */
const tracked = execFileSync('git', ['-c', 'safe.directory=*', 'ls-files', '-z'], { cwd: root, encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 })
  .split('\0')
  .filter((path) => path !== '' && existsSync(join(root, path)))
const texts = new Map<string, string>()
function textOf(path: string): string {
  const known = texts.get(path)
  if (known !== undefined) return known
  const text = readFileSync(join(root, path), 'utf8')
  texts.set(path, text)
  return text
}

const isBinary = (path: string): boolean => /\.(png|ico|jpe?g|gif|woff2?|zip|gz|pfx|der)$/.test(path)
const isCode = (path: string): boolean => /\.(ts|tsx|mjs|cjs)$/.test(path)
const isTest = (path: string): boolean => /\.(test|spec)\.tsx?$/.test(path) || path.startsWith('test/')
const written = tracked.filter((path) => !isBinary(path) && !path.endsWith('package-lock.json'))
const code = tracked.filter(isCode)

/** `path:line text` for every line that matches. */
function linesMatching(paths: readonly string[], pattern: RegExp, skipLine: (line: string) => boolean = () => false): string[] {
  return paths.flatMap((path) =>
    textOf(path).split('\n').flatMap((line, index) => (pattern.test(line) && !skipLine(line) ? [`${path}:${index + 1} ${line.trim().slice(0, 100)}`] : [])))
}

const isComment = (line: string): boolean => /^\s*(\/\/|\/?\*)/.test(line)

test('no source file is longer than 400 lines', () => {
  const long = code.flatMap((path) => {
    const lines = textOf(path).replace(/\n$/, '').split('\n').length
    return lines > 400 ? [`${path}: ${lines}`] : []
  })
  expect(long).toEqual([])
})

test('source files and their folders have kebab-case names', () => {
  const odd = code.filter((path) => !path.split('/').every((part) => /^\.?[a-z0-9]+(-[a-z0-9]+)*(\.[a-z0-9-]+)*$/.test(part)))
  expect(odd).toEqual([])
})

test('no tracked file names a folder of one machine or a package registry', () => {
  const here = root.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')
  const paths = written.filter((path) => path !== self)
  const machine = new RegExp(root.length > 4 ? `${here}|(^|[^a-z])/work/(main|shared)|/Users/[a-z]+/|/home/[a-z]{2,}/` : '/work/(main|shared)', 'i')
  expect(linesMatching(paths, machine)).toEqual([])
  expect(linesMatching(paths, /registry\.(npmjs|yarnpkg)\.|artifactory|verdaccio|npm\.pkg\.github/i)).toEqual([])
})

test('lockfiles pin by integrity and leave the registry to the machine', () => {
  for (const path of tracked.filter((name) => basename(name) === 'package-lock.json')) {
    expect(linesMatching([path], /"resolved": "https?:/), path).toEqual([])
  }
})

test('the text speaks of the product, not of how the work on it was organised', () => {
  const banned = new RegExp([
    'sub-?agents?\\b', 'helper agent', '\\.\\./shared', 'shared/contracts', '\\b(anchors|surface|conventions|toolchain)\\.md', 'the contract file', '\\bthe brief\\b',
    '\\bissue #?\\d+\\b', '\\bTODO\\b', '\\bFIXME\\b', '\\bXXX\\b', '\\bClaude\\b', '\\bChatGPT\\b', '\\blanguage model\\b',
  ].join('|'))
  expect(linesMatching(written.filter((path) => path !== self && path !== 'eslint.config.mjs'), banned)).toEqual([])
})

/** Where the world may enter, and why there. An allowance that nothing needs any more fails too. */
const entrances: readonly { readonly what: string; readonly pattern: RegExp; readonly allowed: Readonly<Record<string, string>> }[] = [
  {
    what: 'the time', pattern: /\bDate\.now\b|\bnew Date\(\)|\bperformance\.now\b/,
    allowed: { 'src/clock.ts': 'the real clock of the service', 'src/sandbox/clock.ts': 'the simulators share no code with the service, so they have their own' },
  },
  { what: 'chance', pattern: /\bMath\.random\b/, allowed: { 'src/clock.ts': 'real chance; the sandbox draws from its seed' } },
  { what: 'the environment', pattern: /\bprocess\.env\b/, allowed: { 'src/config/world.ts': 'read once and handed on' } },
  {
    what: 'the network', pattern: /(?<![.\w])fetch\(|\bglobalThis\.fetch\b/,
    allowed: {},
  },
]

test.each(entrances)('$what enters the service in the files that say so only', ({ pattern, allowed }) => {
  const source = code.filter((path) => path.startsWith('src/') && !isTest(path))
  const using = source.filter((path) => linesMatching([path], pattern, isComment).length > 0)
  expect(using.filter((path) => !(path in allowed))).toEqual([])
  // Before the file exists its allowance cannot be stale.
  expect(Object.keys(allowed).filter((path) => existsSync(join(root, path)) && !using.includes(path))).toEqual([])
})

/**
 * Where a CRM may be named: its adapter and what puts it together, the section of the configuration that is its own, simulators and
 * the demo, and the translations of what an adapter says.
 */
const namesCrms = /^src\/(adapters|connections|sandbox|config)\/|^src\/demo\.ts$|^console\/src\/i18n\/[^/]+\/sentences\//
const speaksOfSources = /^src\/remote\// // Comments there cite what a vendor documents.

test('engine, server, commands and console name no CRM: what they say of one comes from the registry of adapters', () => {
  const neutral = written.filter((path) => /^(src|console\/src)\//.test(path) && !isTest(path) && !namesCrms.test(path))
  const named = /dynamics|dataverse|salesforce|hubspot/i
  expect(linesMatching(neutral, named).filter((line) => !speaksOfSources.test(line))).toEqual([])
})

test('no test is skipped or runs alone', () => {
  const pattern = /\b(?:it|test|describe|suite|bench)(?:\.\w+)*\.(?:skip|only|todo|skipIf|runIf|fails)\b|\b(?:xit|xtest|xdescribe|fit|fdescribe)\(|\b(?:ctx|context|task)\.skip\(/
  expect(linesMatching(code.filter((path) => isTest(path) && path !== self), pattern)).toEqual([])
})

const inSpec = (): readonly string[] => [...textOf('docs/SPEC.md').matchAll(/^(?:- |#+ )\*{0,2}([RS]\d+)\*{0,2}/gm)].map((match) => match[1] ?? '')
const inTests = (): readonly string[] =>
  code.filter((path) => isTest(path) && path !== self).flatMap((path) => [...textOf(path).matchAll(/\[([RS]\d+)\]/g)].map((match) => match[1] ?? ''))

test('every rule of the specification is named by a test', () => {
  const named = new Set(inTests())
  expect(inSpec().length).toBeGreaterThan(0)
  expect(inSpec().filter((rule) => !named.has(rule))).toEqual([])
})

test('every rule a test names stands in the specification, each once', () => {
  const rules = inSpec()
  expect(inTests().filter((rule) => !rules.includes(rule))).toEqual([])
  expect(rules.filter((rule, index) => rules.indexOf(rule) !== index)).toEqual([])
})

/** The name GitHub gives a heading. */
const anchorOf = (heading: string): string =>
  heading.replace(/`|\*\*?|\[([^\]]*)\]\([^)]*\)/g, '$1').trim().toLowerCase().replace(/[^\p{L}\p{N}\s_-]/gu, '').replace(/\s/g, '-')
const withoutCode = (text: string): string => text.replace(/^(```|~~~)[\s\S]*?^\1/gm, '').replace(/`[^`\n]*`/g, '')
const anchorsOf = (path: string): readonly string[] =>
  [...textOf(path).replace(/^(```|~~~)[\s\S]*?^\1/gm, '').matchAll(/^#+ (.+)$/gm)].map((match) => anchorOf(match[1] ?? ''))

function brokenLinks(path: string): string[] {
  const links = [...withoutCode(textOf(path)).matchAll(/\]\(<?([^)\s>]+)>?(?:\s+"[^"]*")?\)/g)].map((match) => match[1] ?? '')
  return links.filter((link) => {
    if (/^[a-z][a-z0-9+.-]*:/i.test(link)) return false
    const [file = '', anchor] = link.split('#')
    const target = file === '' ? path : relative(root, join(root, dirname(path), decodeURI(file)))
    if (!existsSync(join(root, target))) return true
    return anchor !== undefined && statSync(join(root, target)).isFile() && !anchorsOf(target).includes(decodeURI(anchor))
  }).map((link) => `${path}: ${link}`)
}

test('every link between documents leads somewhere', () => {
  expect(tracked.filter((path) => path.endsWith('.md')).flatMap(brokenLinks)).toEqual([])
})

test('every file and folder that a document names is there', () => {
  const named = /`((?:src|test|bench|scripts|deploy)\/[^`\s,<>]*)`/g
  const missing = tracked.filter((path) => path.endsWith('.md')).flatMap((path) =>
    [...textOf(path).matchAll(named)]
      .map((match) => match[1] ?? '')
      .filter((name) => {
        const pattern = new RegExp(`^${name.replace(/[.+?^${}()|[\]\\]/g, '\\$&').replaceAll('*', '[^/]*')}(/|$)`.replace('/(/|$)', '/'))
        return !tracked.some((file) => pattern.test(file))
      })
      .map((name) => `${path}: ${name}`))
  expect(missing).toEqual([])
})
