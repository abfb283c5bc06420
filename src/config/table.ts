import { hasFileVariable, isList, isSecret, SETTINGS, type Setting } from './settings.js'

const escapeCell = (text: string): string => text.replaceAll('|', '\\|')

function fallbackOf(setting: Setting): string {
  if (setting.required) return setting.path.startsWith('server.signIn.') ? '*required with `signIn`*' : '*required*'
  const { fallback } = setting
  if (fallback === null) return '–'
  if (typeof fallback === 'string') return `\`${fallback}\``
  return fallback.length === 0 ? '`[]`' : fallback.map((item) => `\`${item}\``).join(', ')
}

function row(setting: Setting): string {
  const marks = [isSecret(setting) ? 'secret' : '', isList(setting) ? 'list' : ''].filter((mark) => mark !== '').join(', ')
  const meaning = marks === '' ? setting.meaning : `${setting.meaning} *(${marks})*`
  const file = hasFileVariable(setting) ? ' · `…_FILE`' : ''
  return `| \`${setting.path}\` | \`${setting.variable}\`${file} | ${fallbackOf(setting)} | ${escapeCell(meaning)} |`
}

/** The page of all settings; a test keeps docs/configuration.md the same as this. */
export function configurationPage(): string {
  return `# Every setting of cosell.yaml

<!-- Generated from the schema by \`npm run docs\`. Edit src/config/schema.ts or src/config/table.ts instead. -->

## Where values come from

1. **The file** is the one named by \`--config FILE\`, else by \`COSELL_CONFIG\`, else \`./cosell.yaml\`, else \`$XDG_CONFIG_HOME/cosell/config.yaml\`
   (\`~/.config/cosell/config.yaml\`). It is YAML 1.2. Relative paths in it start at its own folder, also when a variable gives them.
2. **\`\${NAME}\`** in a value is replaced from the environment. A missing variable is an error that names it and the line. Write \`$\${\` for a plain \`\${\`.
3. **Every setting can be overridden** by the variable in the table. Lists are comma-separated. An empty variable counts as not set.
4. **Every secret can come from a file** named by \`…_FILE\`, as container secrets do. One line break at its end is not part of the secret. Giving both is an error.
5. In development a file **\`.env\`** beside cosell.yaml sets variables that the environment does not. With \`NODE_ENV=production\` it is not read.

Without any file the variables alone are enough. \`cosell config show --origin\` tells for each value where it came from: \`default\`, \`cosell.yaml:12\`,
\`env NAME\`, \`file NAME_FILE\`, or \`version 3 (command by ada)\` for a switch or another setting that a person changed since.

An unknown key is an error with a suggestion. An unknown \`COSELL_…\` variable is a warning of \`cosell doctor\`, unless the file uses it by \`\${…}\`. All problems are
reported at once, each with its line; the command then ends with exit code 2.

Durations are written \`30s\`, \`10m\`, \`2h\` (also \`500ms\`, \`1d\`). Plain \`http://\` is accepted for loopback addresses only (\`localhost\`, \`127.0.0.0/8\`, \`[::1]\`),
because tokens and deals would otherwise cross the network unencrypted. The one exception is \`proxy\`: what passes through it is TLS all the same.

An installation that serves several partner tenants lists them under \`tenants\`, each with a file of its own, instead of \`partnerCenter\` and \`crm\`: see [several tenants](tenants.md).

Editors complete the file by its JSON Schema: \`cosell config schema > cosell.schema.json\`, and as the first line of the file
\`# yaml-language-server: $schema=./cosell.schema.json\`.

## The log

The service writes its log to stderr, so that stdout stays free for the answers of commands. On a terminal lines are written for reading; elsewhere each line is one JSON
object with \`time\`, \`level\`, \`msg\`, \`tenant\`, \`environment\` and, where they apply, \`request_id\` and \`deal_id\`. Configured secrets, and whatever looks like one, are taken
out of every line.

## Settings

| Setting | Variable | Default | Meaning |
|---|---|---|---|
${SETTINGS.map(row).join('\n')}
`
}
