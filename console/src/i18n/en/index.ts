import { attention } from './attention.js'
import { audit } from './audit.js'
import { bulk } from './bulk.js'
import { common } from './common.js'
import { deal, deals } from './deals.js'
import { events } from './events.js'
import { fields } from './fields.js'
import { overview } from './overview.js'
import { sandbox } from './sandbox.js'
import { settings } from './settings.js'
import { reasons } from './reasons.js'
import { runs } from './runs.js'
import { words } from './words.js'
import type { Sentences } from '../sentences.js'

/** The service speaks English: nothing to look up. */
const sentences: Sentences = {}

/** The English texts are the model: another language that lacks one, or has one too many, does not compile. */
export const en = {
  attention,
  audit,
  bulk,
  common,
  deal,
  deals,
  events,
  fields,
  overview,
  reasons,
  runs,
  sandbox,
  sentences,
  settings,
  words,
}
export type Messages = typeof en
