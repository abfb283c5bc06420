import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { beforeAll, describe, expect, it } from 'vitest'
import { standardApplicationId } from '../../src/sandbox/dataverse/index.js'
import { standardClient } from '../../src/sandbox/salesforce/index.js'

/** What was built of the console is public: whoever opens its address gets it, signed in or not. */
const root = fileURLToPath(new URL('../../', import.meta.url))
const folder = join(root, 'console', 'dist')
let files: readonly { readonly path: string; readonly text: string }[]
beforeAll(() => {
  if (!existsSync(join(folder, 'index.html'))) throw new Error('The console is not built: run `npm run build` first.')
  files = readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((path) => statSync(join(folder, path)).isFile())
    .map((path) => ({ path, text: readFileSync(join(folder, path), 'latin1') }))
})
const holding = (what: string): string[] => files.filter(({ text }) => text.includes(what)).map(({ path }) => path)

describe('[R43] the built console', () => {
  it('holds no secret of the environment it was built in, nor one of a sandbox', () => {
    const named = Object.entries(process.env).filter(([name, value]) => /TOKEN|SECRET|PASSWORD|CREDENTIAL|KEY/i.test(name) && (value ?? '').length >= 8)
    const secrets = [...named.map(([, value]) => value ?? ''), standardClient.secret ?? '', standardApplicationId, 'sandbox-partner-secret', 'sandbox-crm-secret']
    for (const secret of secrets) expect(holding(secret)).toEqual([])
    // A private key, a signed token, a bearer token with its value.
    const shapes = [/-----BEGIN [A-Z ]*PRIVATE KEY-----/, /\beyJ[\w-]{20,}\.[\w-]{20,}\./, /Bearer [\w-]{20,}/]
    for (const shape of shapes) expect(files.filter(({ text }) => shape.test(text)).map(({ path }) => path)).toEqual([])
  })

  it('names no folder of the machine it was built on, and carries no source map', () => {
    for (const path of [root.replace(/\/$/, ''), homedir()].filter((path) => path.length > 6)) expect(holding(path)).toEqual([])
    expect(files.filter(({ path }) => path.endsWith('.map')).map(({ path }) => path)).toEqual([])
    expect(holding('sourceMappingURL=')).toEqual([])
  })
})
