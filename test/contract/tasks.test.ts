import { afterEach, describe, expect, it } from 'vitest'
import { realClock, realRandom } from '../../src/clock.js'
import type { Config } from '../../src/config/index.js'
import { connectCrm } from '../../src/connections/crm.js'
import { crmSettings } from '../../src/connections/in-force.js'
import { settingsOfFile } from '../../src/connections/settings-document.js'
import type { EndRef } from '../../src/core/ref.js'
import { undiciTransport } from '../../src/remote/transport.js'
import { sealOf } from '../../src/store/index.js'
import { taskChannel } from '../../src/watch/channels.js'
import type { Notice } from '../../src/watch/notice.js'
import { installation } from '../support/installation.js'
import { memoryStore } from '../support/memory-store.js'
import { salesforceInstallation } from '../support/salesforce-installation.js'

/** A notice about a deal as a task on its record, in both CRMs. */
const closing: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close()
})
const signal = new AbortController().signal
const due = Date.UTC(2026, 11, 24, 12)
const notice = (key: string): Notice => ({
  key,
  level: 'normal',
  title: 'Größe & Co: answer within\n4 days',
  text: 'The deal was sent to you.',
  remedy: "Don't wait.",
  deal: 'D-1',
  dueAt: due,
})

function channelTo(config: Config, ref: EndRef | null) {
  const transport = undiciTransport({ proxy: null, ca: null })
  closing.push(() => transport.close())
  const seal = sealOf({ kind: 'given', key: 'k'.repeat(40), previous: null })
  const store = memoryStore({ random: () => 0.5 })
  const parts = { transport, clock: realClock, random: realRandom, store, seal, plant: () => undefined, onCall: () => undefined }
  const settings = crmSettings(config.crm, settingsOfFile(config))
  return taskChannel(connectCrm(config.crm, parts, () => settings).tasks, () => Promise.resolve(ref))
}

describe('a notice as a task', () => {
  it('stands on the opportunity of Dynamics 365 for its owner, once, and on a lead likewise', async () => {
    const here = await installation()
    closing.push(() => here.close())
    const id = here.completeOpportunity('Has a task')
    const lead = here.seller.lead({ subject: 'A lead', lastname: 'Vogt' })
    const { config } = here.load()
    const channel = channelTo(config, { side: 'crm', kind: 'opportunity', id })
    await channel.send(notice('answer.us.D-1.7'), signal)
    await channel.send(notice('answer.us.D-1.7'), signal)
    await channelTo(config, { side: 'crm', kind: 'lead', id: lead }).send(notice('answer.us.D-2.7'), signal)
    await channelTo(config, null).send(notice('no record'), signal)
    await channelTo(config, { side: 'crm', kind: 'opportunity', id: '7a1c0e52-3b44-4f11-a316-000d3a4b1199' }).send(notice('gone'), signal)
    const tasks = here.sandbox.dynamics.find('task', {})
    const owner = here.opportunity(id)['_ownerid_value']
    expect(tasks.map((task) => task['_regardingobjectid_value'])).toEqual([id, lead])
    expect(tasks[0]).toMatchObject({ subject: 'Größe & Co: answer within 4 days', description: "The deal was sent to you.\n\nDon't wait.", _ownerid_value: owner })
    expect(Date.parse(String(tasks[0]?.['scheduledend']))).toBe(due)
  }, 20_000)

  it('stands on the opportunity of Salesforce for its owner, once, and on a lead likewise', async () => {
    const here = await salesforceInstallation()
    closing.push(() => here.close())
    const org = here.sandbox.salesforce
    const id = here.completeOpportunity('Nordwind')
    const lead = org.people.create('Lead', { LastName: 'Vogt', Company: 'V' })
    const channel = channelTo(here.load().config, { side: 'crm', kind: 'opportunity', id })
    await channel.send(notice('answer.us.D-1.7'), signal)
    await channel.send(notice('answer.us.D-1.7'), signal)
    await channelTo(here.load().config, { side: 'crm', kind: 'lead', id: lead }).send(notice('answer.us.D-2.7'), signal)
    const tasks = org.find('Task')
    expect(tasks).toHaveLength(2)
    expect(tasks[0]).toMatchObject({
      WhatId: id,
      Subject: 'Größe & Co: answer within 4 days',
      ActivityDate: '2026-12-24',
      OwnerId: here.opportunity(id)['OwnerId'],
    })
    expect(tasks[1]).toMatchObject({ WhoId: lead })
  }, 20_000)
})
