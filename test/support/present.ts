import type { Projection } from '../../src/core/deal.js'
import type { Present } from '../../src/core/ports.js'
import type { EndRef } from '../../src/core/ref.js'

/** A record as a reading shows it when nothing about it is particular; `over` says what is. */
export const present = (ref: EndRef, deal: Projection, over: Partial<Present> = {}): Present => ({
  kind: 'present',
  ref,
  version: null,
  deal,
  otherId: null,
  sync: true,
  category: 'opportunity',
  locked: [],
  sealed: false,
  unreadable: [],
  engagementId: null,
  aliases: [],
  parts: [],
  auditText: null,
  settlesInMs: 0,
  modifiedAt: null,
  createdAt: null,
  ...over,
})
