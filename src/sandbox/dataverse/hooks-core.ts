import type { Change, Hooks } from './change.js'
import { coded, invalidArgument, methodNotAllowed } from './errors.js'
import { composedAddress, fullName } from './names.js'
import { privilegesChanged } from './privileges.js'

function addressOf({ before, sent, cells }: Change): void {
  if (before === undefined || [...sent].some((name) => name.startsWith('address1_'))) cells['address1_composite'] = composedAddress(cells)
}

function userBefore({ world, table, before, cells, sent }: Change): void {
  if (before === undefined) {
    const application = cells['applicationid'] ?? null
    if (application !== null && table.rows.count('applicationid', String(application)) > 0) {
      throw coded(400, '0x80040237', 'An application user with this application id already exists in the environment.')
    }
    if (application !== null) {
      cells['azureactivedirectoryobjectid'] = cells['azureactivedirectoryobjectid'] ?? world.guid()
      cells['applicationiduri'] = `api://${String(application)}`
      cells['accessmode'] = 4
      cells['lastname'] = cells['lastname'] ?? '# Application user'
    } else cells['azureactivedirectoryobjectid'] = cells['azureactivedirectoryobjectid'] ?? world.guid()
  }
  if (before === undefined || sent.has('firstname') || sent.has('lastname')) cells['fullname'] = fullName(cells)
  privilegesChanged(world)
}

function currencyBefore({ before, cells }: Change): void {
  const code = cells['isocurrencycode']
  if (typeof code === 'string') cells['isocurrencycode'] = code.toUpperCase()
  if (before === undefined && !/^[A-Za-z]{3,5}$/.test(String(code))) throw invalidArgument(`'${String(code)}' is not an ISO currency code.`)
}

export const coreHooks: Readonly<Record<string, Hooks>> = {
  account: { before: addressOf },
  contact: {
    before(change) {
      const { before, sent, cells } = change
      if (before === undefined || ['firstname', 'middlename', 'lastname'].some((name) => sent.has(name)))
        cells['fullname'] = fullName(cells)
      addressOf(change)
    },
  },
  systemuser: {
    before: userBefore,
    beforeDelete() {
      throw methodNotAllowed('Users cannot be deleted; disable them instead.')
    },
  },
  transactioncurrency: { before: currencyBefore },
  organization: {
    before({ before }) {
      if (before === undefined) throw methodNotAllowed('An environment has one organization row.')
    },
    beforeDelete() {
      throw methodNotAllowed('The organization row cannot be deleted.')
    },
  },
}
