import { createReadStream } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { FastifyInstance } from 'fastify'
import { z } from 'zod'
import type { Clock } from '../core/ports.js'
import type { Upkeep } from '../engine/administration.js'
import { flawsOf, malformed } from './problems.js'

const form = z.enum(['unmanaged', 'managed', 'source']).default('unmanaged')

export interface DownloadDeps {
  readonly service: { readonly upkeep: Pick<Upkeep, 'crmPackage' | 'backup'> }
  readonly clock: Clock
}

/** Files: what the CRM imports, and the store whole. */
export function downloads(app: FastifyInstance, { service, clock }: DownloadDeps): void {
  app.get<{ Querystring: { form?: unknown } }>(
    '/api/v1/install/package',
    { config: { access: { kind: 'role', role: 'operator' } } },
    (request, reply) => {
      const asked = form.safeParse(request.query.form)
      if (!asked.success)
        throw malformed(`form: ${flawsOf(asked.error)}`)
      return reply.headers(attachment('cosell.zip')).type('application/zip').send(Buffer.from(service.upkeep.crmPackage(asked.data)))
    },
  )
  app.get('/api/v1/backup', { config: { access: { kind: 'role', role: 'admin' } } }, async (_request, reply) => {
    const folder = await mkdtemp(join(tmpdir(), 'cosell-backup-')) // readable by its owner only
    const remove = (): Promise<void> => rm(folder, { recursive: true, force: true })
    const file = join(folder, 'backup.gz')
    try {
      await service.upkeep.backup(file)
    } catch (error) {
      await remove()
      throw error
    }
    reply.raw.once('close', () => void remove())
    const day = new Date(clock.now()).toISOString().slice(0, 10)
    return reply.headers(attachment(`cosell-${day}.backup.gz`)).type('application/gzip').send(createReadStream(file))
  })
}

const attachment = (name: string): Record<string, string> => ({ 'content-disposition': `attachment; filename="${name}"`, 'cache-control': 'no-store' })
