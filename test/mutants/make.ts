import { mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import type { Mutant } from './list.js'

export const root = fileURLToPath(new URL('../../', import.meta.url))

/** The source of a file with the bug in it. @throws Error when the place of the bug is not there exactly once. */
export function mutated({ file, find, replace }: Mutant, source = readFileSync(join(root, file), 'utf8')): string {
  if (source.split(find).length !== 2) throw new Error(`${file} does not hold the place of this mutant exactly once: ${find}`)
  return source.replace(find, () => replace)
}

/** Bundles the simulation, with a bug or without one. @returns the file to run. Packages stay outside, so it lies within the project. */
export async function bundledSimulation(name: string, mutant: Mutant | null): Promise<string> {
  const folder = join(root, '.tmp', 'simulation')
  mkdirSync(folder, { recursive: true })
  const outfile = join(folder, `${name}.mjs`)
  await build({
    entryPoints: [join(root, 'test', 'simulation', 'run.ts')],
    outfile,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    packages: 'external',
    sourcemap: 'inline',
    logLevel: 'warning',
    plugins:
      mutant === null
        ? []
        : [
            {
              name: 'mutant',
              setup: (builder) =>
                builder.onLoad({ filter: /\.ts$/ }, ({ path }) =>
                  path === join(root, mutant.file) ? { contents: mutated(mutant), loader: 'ts' } : undefined,
                ),
            },
          ],
  })
  return outfile
}
