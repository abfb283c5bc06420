#!/usr/bin/env node
import './interrupted.js' // Before everything else is loaded, which takes a second: a process that is told to end then ends in order, too.

const filesNeeded = 1_024 // Loading opens some four hundred at once.

/** How many files this process may open, as Node's own report has it. */
function filesAllowed(): number {
  const report = process.report.getReport() as { userLimits?: { open_files?: { hard?: number | string } } } // absent on Windows
  return Number(report.userLimits?.open_files?.hard ?? filesNeeded)
}

try {
  const { commandLine } = await import('./command-line.js')
  await commandLine()
} catch (error) {
  if (!(filesAllowed() < filesNeeded)) throw error // "unlimited" is no number
  process.stderr.write(`cosell could not be loaded: this process may open ${filesAllowed()} files at once, and ${filesNeeded} are needed.\n`)
  process.stderr.write('Raise the limit (ulimit -n, LimitNOFILE of systemd, nofile of the container), then start it again.\n')
  process.exitCode = 2
}
