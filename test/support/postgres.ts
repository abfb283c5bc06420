import { execFileSync } from 'node:child_process'
import { chownSync, existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

export interface PrivatePostgres {
  /** Over a socket in a folder of its own, so that no port is taken. */
  readonly url: string
  /** Ends every connection at once, as a crash does, and comes up again. */
  restart(): void
  stop(): void
}

const missing = 'PostgreSQL is not installed. As root: apt-get install -y postgresql'

function binaries(): string {
  const base = '/usr/lib/postgresql'
  const newest = existsSync(base) ? readdirSync(base).sort((a, b) => Number(b) - Number(a))[0] : undefined
  if (newest === undefined || !existsSync(join(base, newest, 'bin', 'initdb'))) throw new Error(missing)
  return join(base, newest, 'bin')
}

/** A PostgreSQL server for one test file, in a folder that goes away with it. PostgreSQL refuses to run as root, so then it runs as `postgres`. */
export function startPostgres(): PrivatePostgres {
  const bin = binaries()
  const folder = mkdtempSync(join(tmpdir(), 'cosell-pg-'))
  const isRoot = process.getuid?.() === 0
  if (isRoot) {
    const [uid, gid] = ['-u', '-g'].map((flag) => Number(execFileSync('id', [flag, 'postgres']).toString()))
    chownSync(folder, uid ?? 0, gid ?? 0)
  }
  const run = (program: string, args: readonly string[]): void => {
    const [command, all] = isRoot ? ['runuser', ['-u', 'postgres', '--', join(bin, program), ...args]] : [join(bin, program), [...args]]
    execFileSync(command, all, { stdio: 'ignore', cwd: folder })
  }
  const data = join(folder, 'data')
  run('initdb', ['-D', data, '-A', 'trust', '-U', 'cosell', '--no-sync'])
  const settings = `-c listen_addresses='' -c unix_socket_directories='${folder}' -c fsync=off`
  const start = (): void => run('pg_ctl', ['-D', data, '-w', '-l', join(folder, 'log'), '-o', settings, 'start'])
  start()
  return {
    url: `postgres://cosell@localhost/postgres?host=${encodeURIComponent(folder)}`,
    restart() {
      run('pg_ctl', ['-D', data, '-m', 'immediate', 'stop'])
      start()
    },
    stop() {
      run('pg_ctl', ['-D', data, '-m', 'immediate', 'stop'])
      rmSync(folder, { recursive: true, force: true })
    },
  }
}
