// Writes what is inside the published package: `npm run sbom > sbom.cdx.json` (CycloneDX, run-time packages only).
import { ensureNode, ensurePackages, giveUp, output } from './ensure.mjs'

ensureNode()
await ensurePackages()
const bill = output('npm', ['sbom', '--sbom-format', 'cyclonedx', '--omit', 'dev'])
if (bill === null) giveUp('npm could not write the bill of materials: run `npm sbom --sbom-format cyclonedx --omit dev` to see why.')
process.stdout.write(bill)
