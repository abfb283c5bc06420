// Writes what is inside the published package: `npm run sbom > sbom.cdx.json` (CycloneDX, run-time packages only), or into the file that is named.
import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { ensureNode, ensurePackages, giveUp, output } from './ensure.mjs'

ensureNode()
await ensurePackages()
const bill = output('npm', ['sbom', '--sbom-format', 'cyclonedx', '--omit', 'dev'])
if (bill === null) giveUp('npm could not write the bill of materials: run `npm sbom --sbom-format cyclonedx --omit dev` to see why.')
const { components } = JSON.parse(bill)
const without = components.filter((part) => !part.purl || !part.hashes?.length || !part.licenses?.length).map((part) => part.name)
if (components.length === 0 || without.length > 0) giveUp(`The bill of materials names no address, digest or licence for: ${without.join(', ') || 'anything'}.`)
const [file] = process.argv.slice(2)
if (file === undefined) process.stdout.write(bill)
else {
  mkdirSync(dirname(file), { recursive: true })
  writeFileSync(file, bill)
  console.log(`${components.length} packages, each with address, digest and licence: ${file}`)
}
