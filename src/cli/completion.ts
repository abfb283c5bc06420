import type { Command } from 'commander'
import { EXIT } from './app.js'
import { printJson } from './print.js'
import type { Run } from './run.js'

/** `completion`: a script for the shell, made from the commands themselves. */
export function completionCommand(program: Command, run: Run): void {
  program
    .command('completion <shell>')
    .description('print the completion script for bash, zsh, fish or powershell')
    .action(
      run.plain(({ world, json, usage }, _options, [shell = '']) => {
        const script = Object.hasOwn(SCRIPTS, shell) ? SCRIPTS[shell as Shell] : null // its own key, as was just checked
        if (script === null)
          return Promise.resolve(usage(`There is no completion for "${shell}"; there is bash, zsh, fish and powershell.`))
        const text = script(wordsOf(program))
        if (json) printJson(world.io, { shell, script: text })
        else world.io.out(text)
        return Promise.resolve(EXIT.done)
      }),
    )
}

/** What may follow a line of words: the path of a command, its sub-commands and its options. */
interface Words {
  readonly path: string
  readonly next: readonly { readonly word: string; readonly text: string; readonly takes?: 'value' }[]
}

function wordsOf(command: Command, path: readonly string[] = []): Words[] {
  const commands = command.commands.map((child) => ({ word: child.name(), text: child.description() }))
  const options = command.options.flatMap((option) => (option.long === undefined ? [] : [{ word: option.long, text: option.description, ...(option.required ? { takes: 'value' as const } : {}) }]))
  return [
    { path: path.join(' '), next: [...commands, ...options, { word: '--help', text: 'help' }] },
    ...command.commands.flatMap((child) => wordsOf(child, [...path, child.name()])),
  ]
}

type Shell = 'bash' | 'zsh' | 'fish' | 'powershell'
const listOf = ({ next }: Words): string => next.map(({ word }) => word).join(' ')
/** The options that the next word belongs to: it is no command, whatever it looks like. */
const valued = (words: readonly Words[]): string =>
  [...new Set(words.flatMap(({ next }) => next.flatMap(({ word, takes }) => (takes === 'value' ? [word] : []))))].join('|')
const plain = (text: string): string => text.replaceAll(/['"`$\\:\n]/g, ' ').trim()

const SCRIPTS: { readonly [S in Shell]: (words: readonly Words[]) => string } = {
  bash: (words) => `# cosell: completion for bash
_cosell() {
  local current="\${COMP_WORDS[COMP_CWORD]}" path="" word skip=""
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    if [[ -n $skip ]]; then skip=""; continue; fi
    case "$word" in ${valued(words)}) skip=1 ;; -*) ;; *) path="\${path:+$path }$word" ;; esac
  done
  local words=""
  while :; do
    case "$path" in
${words.map((entry) => `      "${entry.path}") words="${listOf(entry)}"; break ;;`).join('\n')}
    esac
    [[ $path == *" "* ]] && path="\${path% *}" || path=""
  done
  mapfile -t COMPREPLY < <(compgen -W "$words" -- "$current")
  [[ \${#COMPREPLY[@]} -gt 0 ]] || mapfile -t COMPREPLY < <(compgen -f -- "$current")
}
complete -o filenames -F _cosell cosell
`,
  zsh: (words) => `#compdef cosell
# cosell: completion for zsh
_cosell() {
  local at="" word skip=""
  for word in \${words[2,CURRENT-1]}; do
    if [[ -n $skip ]]; then skip=""; continue; fi
    case "$word" in ${valued(words)}) skip=1 ;; -*) ;; *) at="\${at:+$at }$word" ;; esac
  done
  local -a next
  while :; do
    case "$at" in
${words.map((entry) => `      "${entry.path}") next=(${entry.next.map(({ word, text }) => `'${word}:${plain(text)}'`).join(' ')}); break ;;`).join('\n')}
    esac
    [[ $at == *" "* ]] && at="\${at% *}" || at=""
  done
  _describe 'cosell' next || _files
}
# Found in fpath, this file is the function itself the first time; read by "source", it only says what is.
if [[ "\${funcstack[1]}" == _cosell ]]; then _cosell "$@"; else compdef _cosell cosell; fi
`,
  fish: (words) => `# cosell: completion for fish
function __cosell_at
  set -l path
  set -l skip
  for word in (commandline -opc)[2..-1]
    if test -n "$skip"
      set skip
      continue
    end
    switch $word
      case ${valued(words).replaceAll('|', ' ')}
        set skip 1
      case '-*'
      case '*'
        set -a path $word
    end
  end
  test "$path" = "$argv[1]"
end
${words
  .flatMap(({ path, next }) =>
    next.map(({ word, text }) =>
      word.startsWith('--')
        ? `complete -c cosell -n '__cosell_at "${path}"' -l ${word.slice(2)} -d '${plain(text)}'`
        : `complete -c cosell -f -n '__cosell_at "${path}"' -a ${word} -d '${plain(text)}'`,
    ),
  )
  .join('\n')}
`,
  powershell: (words) => `# cosell: completion for PowerShell
Register-ArgumentCompleter -Native -CommandName cosell -ScriptBlock {
  param($wordToComplete, $commandAst, $cursorPosition)
  $next = @{
${words.map((entry) => `    '${entry.path}' = '${listOf(entry)}'`).join('\n')}
  }
  $typed = @($commandAst.CommandElements | Select-Object -Skip 1 | ForEach-Object { $_.ToString() } | Where-Object { $_ -notlike '-*' -and $_ -ne $wordToComplete })
  while ($typed.Count -gt 0 -and -not $next.ContainsKey($typed -join ' ')) { $typed = @($typed | Select-Object -SkipLast 1) }
  $next[($typed -join ' ')] -split ' ' | Where-Object { $_ -like "$wordToComplete*" } | ForEach-Object { [System.Management.Automation.CompletionResult]::new($_) }
}
`,
}
