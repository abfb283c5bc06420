/** Imports point one way and never in circles. Tests may reach anything; what ships may not reach tests. */
const areas = ['core', 'engine', 'remote', 'adapters', 'store', 'crm-package', 'sandbox', 'server', 'cli', 'config', 'connections', 'watch']

/** `from` may import itself and what is listed, nothing else of ours. */
function only(from, allowed, comment) {
  return {
    name: `${from}-imports`,
    comment,
    severity: 'error',
    from: { path: `^src/${from}/`, pathNot: '\\.test\\.ts$|/test-kit' },
    to: { path: '^(src|test|bench|console|scripts)/', pathNot: [`^src/${from}/`, ...allowed] },
  }
}
const area = (name) => `^src/${name}/`
/** Pure parts without reach into the world may be used by whoever speaks to a person or a file. */
const file = (name) => `^src/${name}\\.ts$`

module.exports = {
  forbidden: [
    {
      name: 'no-circles', severity: 'error', comment: 'Two files that need each other are one idea, or a third one is missing between them.',
      from: {}, to: { circular: true },
    },
    only('core', [], 'The core is pure: it imports nothing.'),
    only('engine', [area('core')], 'The engine knows the world by the ports of the core only.'),
    only('remote', ['^src/core/(audit|fault|ports|ref|tracing)\\.ts$'], 'Transport knows faults, the clock and nothing of deals.'),
    only('adapters', [area('core'), area('remote')], 'An adapter knows its remote system and the core.'),
    only('store', [area('core')], 'The store keeps what the core defines.'),
    only('crm-package', [area('core')], 'What is installed into a CRM follows from the core.'),
    only('sandbox', [], 'A simulator that shares code with its client proves nothing.'),
    only('server', [area('core'), area('engine'), area('store'), file('log'), file('redact')], 'The server offers what the engine can do.'),
    only('cli', [area('core'), area('config'), file('assemble'), file('administer'), file('installation'), file('log'), file('redact'), file('clock'), file('traces'), file('heap')], 'Commands speak to the assembled service.'),
    only('connections', [area('adapters'), area('config'), area('core'), area('engine'), area('remote'), area('store')], 'One file a remote system: its adapter, sign-in and callbacks, put together.'),
    only('watch', [area('config'), area('core'), area('engine'), area('remote')], 'What looks after the installation tells people in words.'),
    only('config', [area('core'), '^src/adapters/(registry|crm-kind)\\.ts$'], 'The configuration is read before anything is built; of a CRM it knows the words only.'),
    {
      name: 'small-files-stay-small', severity: 'error', comment: 'log, redact, clock and heap are used by everyone, so they use the core only.',
      from: { path: '^src/(log|redact|clock|heap)\\.ts$' }, to: { path: '^src/', pathNot: ['^src/core/', '^src/redact\\.ts$'] },
    },
    {
      name: 'adapters-apart', severity: 'error', comment: 'One remote system must be replaceable without looking at another. The registry and what stands beside the folders is shared.',
      from: { path: '^src/adapters/([^/]+)/', pathNot: '\\.test\\.ts$' }, to: { path: '^src/adapters/([^/]+)/', pathNot: '^src/adapters/($1)/' },
    },
    {
      name: 'simulators-apart', severity: 'error', comment: 'Likewise for simulators: they share the clock, chance, faults and sockets only. Entra ID signs everyone in.',
      from: { path: '^src/sandbox/([^/]+)/', pathNot: '\\.test\\.ts$' }, to: { path: '^src/sandbox/([^/]+)/', pathNot: ['^src/sandbox/($1)/', '^src/sandbox/entra/'] },
    },
    {
      name: 'nothing-ships-tests', severity: 'error', comment: 'What is published does not hold test code.',
      from: { path: '^src/', pathNot: '\\.test\\.ts$' }, to: { path: '\\.test\\.ts$|^test/|^bench/' },
    },
    {
      name: 'no-development-packages', severity: 'error', comment: 'The published package installs without devDependencies.',
      from: { path: '^src/', pathNot: '\\.test\\.ts$' }, to: { dependencyTypes: ['npm-dev', 'npm-no-pkg', 'npm-unknown'] },
    },
    {
      name: 'everything-resolves', severity: 'error', from: {}, to: { couldNotResolve: true },
    },
    {
      name: 'known-areas', severity: 'error', comment: 'A new folder needs a rule of its own above.',
      from: {}, to: { path: '^src/[^/]+/', pathNot: `^src/(${areas.join('|')})/` },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsConfig: { fileName: 'tsconfig.json' },
    // Types are dependencies too: they say what an area knows.
    tsPreCompilationDeps: true,
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'node', 'default', 'types'], extensions: ['.ts', '.js', '.json'] },
  },
}
