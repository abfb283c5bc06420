import type { Sentences } from '../../sentences.js'
import { deals } from './deals.js'
import { dynamics } from './dynamics.js'
import { fragments } from './fragments.js'
import { install } from './install.js'
import { mapping } from './mapping.js'
import { notices } from './notices.js'
import { partnerCenter } from './partner-center.js'
import { salesforce } from './salesforce.js'
import { service } from './service.js'
import { store } from './store.js'

/** Every sentence of the service that a person can meet in the console; `test/sentences.test.ts` reads the service for those that are not here. */
export const sentences: Sentences = {
  ...deals,
  ...dynamics,
  ...fragments,
  ...install,
  ...mapping,
  ...notices,
  ...partnerCenter,
  ...salesforce,
  ...service,
  ...store,
}
