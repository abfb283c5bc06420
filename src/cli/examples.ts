import type { Command } from 'commander'

/** What one types, by command; help begins with it. */
const EXAMPLES: Readonly<Record<string, readonly string[]>> = {
  'demo': ['demo', 'demo --port 8500'],
  'sandbox': ['sandbox', 'sandbox --fields none --port 9000'],
  'init': ['init', 'init --file staging.yaml'],
  'connect': ['connect partner-center', 'connect crm', 'connect partner-center --check'],
  'auth status': ['auth status', 'auth status --json'],
  'install plan': ['install plan'],
  'install apply': ['install apply --dry-run', 'install apply --yes'],
  'install remove': ['install remove --dry-run', 'install remove --yes'],
  'install package': ['install package --out cosell.zip', 'install package --managed'],
  'webhook show': ['webhook show'],
  'webhook register': ['webhook register --dry-run', 'webhook register --overwrite', 'webhook register crm'],
  'webhook remove': ['webhook remove crm --dry-run', 'webhook remove crm'],
  'webhook test': ['webhook test'],
  'webhook restore': ['webhook restore --dry-run', 'webhook restore'],
  'doctor': ['doctor', 'doctor --json'],
  'mapping show': ['mapping show'],
  'mapping check': ['mapping check', 'mapping check --mapping draft.yaml'],
  'mapping try': ['mapping try DEAL', 'mapping try DEAL --mapping draft.yaml'],
  'mapping accept': ['mapping accept --dry-run', 'mapping accept'],
  'mapping schema': ['mapping schema > mapping.schema.json'],
  'solutions list': ['solutions list'],
  'solutions import': ['solutions import solutions.csv --dry-run', 'solutions import --from-deals'],
  'taxonomy list': ['taxonomy list'],
  'taxonomy export': ['taxonomy export --out taxonomy.yaml'],
  'config versions': ['config versions'],
  'config export': ['config export --out production.yaml', 'config export 3'],
  'config diff': ['config diff 3', 'config diff staging.yaml'],
  'config promote': ['config promote --from staging.yaml --dry-run', 'config promote --from staging.yaml --note "New stages"'],
  'config approve': ['config approve 4'],
  'config rollback': ['config rollback --dry-run', 'config rollback 3'],
  'config schema': ['config schema > cosell.schema.json'],
  'config show': ['config show', 'config show --origin'],
  'deals list': ['deals list', 'deals list --state needs-attention', 'deals list --search contoso --json'],
  'deals show': ['deals show DEAL', 'deals show DEAL --live'],
  'deals accept': ['deals accept DEAL --dry-run', 'deals accept DEAL'],
  'deals decline': ['deals decline DEAL --reason 3', 'deals decline DEAL --reason "No budget this year"'],
  'deals win': ['deals win DEAL --dry-run', 'deals win DEAL'],
  'deals lose': ['deals lose DEAL --reason "Chose another vendor"'],
  'deals share': ['deals share DEAL --dry-run', 'deals share DEAL'],
  'deals hold': ['deals hold DEAL', 'deals hold DEAL --release'],
  'deals link': ['deals link --referral ID --crm ID', 'deals link --match --out left-over.csv', 'deals link --match --apply 0.9'],
  'deals unlink': ['deals unlink DEAL --dry-run', 'deals unlink DEAL'],
  'conflicts list': ['conflicts list'],
  'conflicts resolve': ['conflicts resolve DEAL name --keep crm --dry-run', 'conflicts resolve DEAL name --keep partner'],
  'plan': ['plan', 'plan DEAL --out plan.json', 'plan --mapping draft.yaml'],
  'apply': ['apply plan.json --dry-run', 'apply plan.json'],
  'sync': ['sync', 'sync DEAL', 'sync --yes'],
  'flows list': ['flows list'],
  'flows report': ['flows report --since 7d'],
  'flows on': ['flows on all', 'flows on partnerToCrm'],
  'flows off': ['flows off crmToPartner'],
  'flows observe': ['flows observe all', 'flows observe crmToPartner --dry-run'],
  'runs list': ['runs list --failed', 'runs list --deal DEAL'],
  'runs show': ['runs show RUN'],
  'runs retry': ['runs retry DEAL', 'runs retry --all'],
  'audit': ['audit DEAL --since 36h', 'audit --format csv > ledger.csv', 'audit verify'],
  'audit erase': ['audit erase person@example.com --dry-run', 'audit erase person@example.com --yes'],
  'start': ['start', 'start --role worker'],
  'backup': ['backup cosell.backup.gz'],
  'restore': ['restore cosell.backup.gz --dry-run', 'restore cosell.backup.gz --yes'],
  'secrets rotate': ['secrets rotate --dry-run', 'secrets rotate'],
  'trigger': ['trigger referral-updated DEAL', 'trigger related-referral-updated DEAL'],
  'completion': [
    'completion bash > ~/.local/share/bash-completion/completions/cosell',
    'completion zsh > "${fpath[1]}/_cosell"',
    'completion fish > ~/.config/fish/completions/cosell.fish',
    'completion powershell >> $PROFILE',
  ],
  'version': ['version'],
}
const fewOfANoun = 4 // What a noun can do stands below it anyway.

/** Puts examples before the help of every command: its own, or for a noun the first of each of its verbs. */
export function showExamples(command: Command, path: readonly string[] = []): void {
  for (const child of command.commands) {
    const below = [...path, child.name()]
    const own = EXAMPLES[below.join(' ')] ?? child.commands.flatMap((verb) => EXAMPLES[[...below, verb.name()].join(' ')]?.slice(0, 1) ?? [])
    if (own.length > 0) child.addHelpText('before', `Examples:\n${own.slice(0, fewOfANoun).map((line) => `  cosell ${line}\n`).join('')}`)
    showExamples(child, below)
  }
}
