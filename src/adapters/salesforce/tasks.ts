import type { CallOptions } from '../../core/ports.js'
import type { RecordTask, TaskDesk } from '../../core/tasks.js'
import { truncate } from '../values.js'
import type { SalesforceApi } from './api.js'
import { textOf } from './row.js'
import { quoted } from './soql.js'

const subjectLimit = 255
const descriptionLimit = 32_000

/**
 * A task on the record, for whoever owns it. Tasks have no id of ours; one of the same subject on the same record is the same task.
 * Source: Salesforce object reference, Task: WhatId for opportunities, WhoId for leads.
 */
export const salesforceTasks = (api: SalesforceApi): TaskDesk => ({
  async addTask({ ref, subject: given, text, dueAt }: RecordTask, { signal }: CallOptions) {
    const subject = truncate(given, subjectLimit)
    const what = `a task on ${ref.kind} ${ref.id}`
    const [object, link] = ref.kind === 'lead' ? ['Lead', 'WhoId'] : ['Opportunity', 'WhatId']
    const owners = await api.query({ soql: `SELECT OwnerId FROM ${object} WHERE Id = ${quoted(ref.id)}`, what, deleted: false }, signal)
    const record = owners.rows[0]
    if (record === undefined) return // There is nothing to put a task on.
    const same = await api.query({ soql: `SELECT Id FROM Task WHERE ${link} = ${quoted(ref.id)} AND Subject = ${quoted(subject)} LIMIT 1`, what, deleted: false }, signal)
    if (same.rows.length > 0) return
    const owner = textOf(record, 'OwnerId')
    const body = {
      Subject: subject,
      Description: truncate(text, descriptionLimit),
      Status: 'Not Started',
      [link]: ref.id,
      ...(dueAt === null ? {} : { ActivityDate: new Date(dueAt).toISOString().slice(0, 10) }),
      // A queue may own leads but no tasks: then it is the connector's user's.
      ...(owner?.startsWith('005') ? { OwnerId: owner } : {}),
    }
    await api.run([{ name: 'task', method: 'POST', path: 'sobjects/Task', unmodifiedSince: null, body, what }], signal)
  },
})
