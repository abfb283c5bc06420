import type { Messages } from '../en/index.js'
import { attention } from './attention.js'
import { audit } from './audit.js'
import { bulk } from './bulk.js'
import { common } from './common.js'
import { deal, deals } from './deals.js'
import { events } from './events.js'
import { fields } from './fields.js'
import { overview } from './overview.js'
import { sandbox } from './sandbox.js'
import { sentences } from './sentences/index.js'
import { settings } from './settings.js'
import { reasons } from './reasons.js'
import { runs } from './runs.js'
import { words } from './words.js'

export const zhCn: Messages = {
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
