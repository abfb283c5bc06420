import type { CallOptions } from '../../core/ports.js'
import type { RecordTask, TaskDesk } from '../../core/tasks.js'
import { guidOf } from '../guid.js'
import { truncate } from '../values.js'
import type { DynamicsApi } from './api.js'
import { idOf, query, textOf } from './row.js'

const subjectLimit = 200
const descriptionLimit = 2_000

/**
 * A task on the record, for whoever owns it. Its id follows from the key, so that a repeat is the same task.
 * Source: learn.microsoft.com Web API reference, task EntityType: regardingobjectid_opportunity_task, regardingobjectid_lead_task (read 2023-10).
 */
export const dynamicsTasks = (api: DynamicsApi): TaskDesk => ({
  async addTask({ ref, key, subject, text, dueAt }: RecordTask, { signal }: CallOptions) {
    const id = guidOf(`task:${key}`)
    const what = `a task on ${ref.kind} ${ref.id}`
    const [set, lookup] = ref.kind === 'lead' ? ['leads', 'regardingobjectid_lead_task'] : ['opportunities', 'regardingobjectid_opportunity_task']
    const there = await api.get({ path: `tasks(${id})${query({ $select: 'activityid' })}`, what }, signal)
    if (there !== null) return
    const record = await api.get(
      { path: `${set}(${ref.id})${query({ $select: '_ownerid_value' })}`, what, prefer: 'odata.include-annotations="Microsoft.Dynamics.CRM.lookuplogicalname"' },
      signal,
    )
    if (record === null) return // There is nothing to put a task on.
    const owner = idOf(record, '_ownerid_value')
    const owners = textOf(record, '_ownerid_value@Microsoft.Dynamics.CRM.lookuplogicalname') === 'team' ? 'teams' : 'systemusers'
    const body = {
      activityid: id,
      subject: truncate(subject, subjectLimit),
      description: truncate(text, descriptionLimit),
      ...(dueAt === null ? {} : { scheduledend: new Date(dueAt).toISOString() }),
      [`${lookup}@odata.bind`]: `/${set}(${ref.id})`,
      ...(owner === null ? {} : { 'ownerid@odata.bind': `/${owners}(${owner})` }),
    }
    await api.run([{ method: 'POST', path: 'tasks', ifMatch: null, body, what }], signal)
  },
})
