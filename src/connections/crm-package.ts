import { solutionPackage } from '../adapters/dynamics/package/package.js'
import { FIELDS } from '../adapters/salesforce/install/blueprint.js'
import { metadataZip, sourceZip } from '../adapters/salesforce/install/package.js'
import { VIEWS } from '../adapters/salesforce/install/views.js'
import type { Config } from '../config/index.js'
import { Fault, NOT_OFFERED } from '../core/fault.js'
import type { PackageForm } from '../engine/administration.js'

const apiVersion = '66.0'

/** The importable file for one kind of CRM. @throws Fault `misconfigured` for a form that this CRM does not have. */
export function crmPackage(kind: Config['crm']['kind'], form: PackageForm): Uint8Array {
  switch (kind) {
    case 'dynamics':
      if (form !== 'source') return solutionPackage(form)
      throw new Fault('misconfigured', 'Dynamics 365 has no source format of a solution here.', { remedy: 'Leave --source out.', code: NOT_OFFERED })
    case 'salesforce':
      if (form === 'managed')
        throw new Fault('misconfigured', 'A managed package of Salesforce comes from its own packaging org.', {
          remedy: 'Leave --managed out: the file holds metadata that any org can deploy.',
          code: NOT_OFFERED,
        })
      return form === 'source' ? sourceZip(FIELDS, VIEWS, apiVersion) : metadataZip(FIELDS, VIEWS, apiVersion)
  }
}
