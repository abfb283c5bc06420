import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'

/** What others make and we ship: pinned, whole, without code that runs at installation, and free to use. */
const entry = z.looseObject({
  version: z.string().optional(),
  resolved: z.string().optional(),
  integrity: z.string().optional(),
  dev: z.boolean().optional(),
  link: z.boolean().optional(),
  license: z.string().optional(),
  hasInstallScript: z.boolean().optional(),
  engines: z.looseObject({ node: z.string().optional() }).optional(),
})
const json = (path: string): unknown => JSON.parse(readFileSync(new URL(`../${path}`, import.meta.url), 'utf8'))
const dependencies = z.record(z.string(), z.string())
const manifest = z.looseObject({ dependencies: dependencies.default({}), devDependencies: dependencies.default({}) })
const lock = z.looseObject({ packages: z.record(z.string(), entry) })

const shipped = Object.entries(lock.parse(json('package-lock.json')).packages).filter(([path, { dev, link }]) => path !== '' && dev !== true && link !== true)
const free = new Set(['MIT', 'MIT-0', 'ISC', 'Apache-2.0', 'BSD-2-Clause', 'BSD-3-Clause', '0BSD', 'BlueOak-1.0.0', '(BSD-3-Clause OR GPL-2.0)'])

describe('the packages that are shipped', () => {
  it.each(['package.json', 'console/package.json'])('are named by %s with one version each', (path) => {
    const { dependencies: ours, devDependencies } = manifest.parse(json(path))
    const loose = Object.entries({ ...ours, ...devDependencies }).filter(([, version]) => !/^(npm:[\w@/.-]+@)?\d+\.\d+\.\d+(-[\w.]+)?$/.test(version))
    expect(loose).toEqual([])
  })

  it('are locked by digest, come from a registry, and run nothing when they are installed', () => {
    const wrong = shipped.filter(
      ([, { integrity, resolved, hasInstallScript }]) =>
        !(integrity ?? '').startsWith('sha512-') || hasInstallScript === true || (resolved !== undefined && !/^https?:\/\//.test(resolved)),
    )
    expect(wrong.map(([path]) => path)).toEqual([])
    expect(shipped.length).toBeLessThan(160)
  })

  it('may be used and passed on by anybody', () => {
    expect(shipped.filter(([, { license }]) => !free.has(license ?? '')).map(([path, { license }]) => `${path}: ${license ?? 'no licence'}`)).toEqual([])
  })

  it('are those that the program uses', () => {
    const folder = new URL('../src/', import.meta.url)
    const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((path) => path.endsWith('.ts') && !path.endsWith('.test.ts'))
    const text = files.map((path) => readFileSync(new URL(path, folder), 'utf8')).join('\n')
    const unused = Object.keys(manifest.parse(json('package.json')).dependencies).filter((name) => !new RegExp(`['"]${name}(/[^'"]*)?['"]`).test(text))
    expect(unused).toEqual([])
  })
})
