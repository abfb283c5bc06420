import { isObject } from './bodies.js'
import { DataverseError, lockHeld, payloadError } from './errors.js'
import { demand } from './privileges.js'
import { write } from './platform-rows.js'
import type { Call } from './request.js'
import { readSolutionFile } from './solution-file.js'
import { importing, importSolution } from './solution-import.js'
import { secondsIso, table as tableNamed, type World } from './world.js'

/**
 * Imports as jobs: at once, or in the background under the lock of the environment.
 * Source: learn.microsoft.com "ImportSolutionAsync action", importjob and asyncoperation table references (read 2023-10).
 */
export function importNow(world: World, call: Call): void {
  const jobId = isObject(call.body) && typeof call.body['ImportJobId'] === 'string' ? call.body['ImportJobId'].toLowerCase() : world.guid()
  try {
    const file = importSolution(world, call.context, call.body)
    writeJob(world, jobId, { progress: 100, name: file.uniqueName, outcome: 'success', error: null })
  } catch (error) {
    if (error instanceof DataverseError) writeJob(world, jobId, { progress: 0, name: '', outcome: 'failure', error })
    throw error
  }
}

export function importLater(world: World, call: Call): Readonly<Record<string, string>> {
  const body = isObject(call.body) ? call.body : {}
  if (world.options.customizationLock === 'held' || world.caches.has(importing)) throw lockHeld('Import')
  demand(world, call.context, 'prvImportCustomization')
  if (typeof body['CustomizationFile'] !== 'string')
    throw payloadError('ImportSolutionAsync', "The parameter 'CustomizationFile' is required.")
  const jobId = typeof body['ImportJobId'] === 'string' ? body['ImportJobId'].toLowerCase() : world.guid()
  const operationId = world.guid()
  writeOperation(world, operationId, { statecode: 0, statuscode: 0, message: null, errorcode: null })
  writeJob(world, jobId, { progress: 0, name: '', outcome: null, error: null })
  world.caches.set(importing, jobId)
  world.clock.at(world.clock.now() + world.options.importMs, () => {
    world.caches.delete(importing)
    try {
      const file = importSolution(world, { ...call.context, trusted: true }, body)
      writeJob(world, jobId, { progress: 100, name: file.uniqueName, outcome: 'success', error: null })
      writeOperation(world, operationId, { statecode: 3, statuscode: 30, message: null, errorcode: null })
    } catch (error) {
      if (!(error instanceof DataverseError)) throw error
      writeJob(world, jobId, { progress: 100, name: '', outcome: 'failure', error })
      writeOperation(world, operationId, {
        statecode: 3,
        statuscode: 31,
        message: error.message,
        errorcode: Number.parseInt(error.code, 16) | 0,
      })
    }
  })
  return { AsyncOperationId: operationId, ImportJobKey: jobId }
}

/** What an import would do, without doing it. */
export function stage(world: World, call: Call): unknown {
  demand(world, call.context, 'prvImportCustomization')
  const uploadId = world.guid()
  try {
    const file = readSolutionFile(isObject(call.body) ? call.body['CustomizationFile'] : undefined)
    const missing = file.needs.filter((name) => !world.model.tables.has(name)).map((name) => ({ RequiredComponentSchemaName: name }))
    return {
      StageSolutionUploadId: uploadId,
      StageSolutionStatus: missing.length === 0 ? 'Passed' : 'Failed',
      SolutionValidationResults: [],
      MissingDependencies: missing,
      SolutionDetails: { SolutionUniqueName: file.uniqueName, SolutionVersion: file.version, IsManaged: file.managed },
      SolutionComponentsDetails: [],
    }
  } catch (error) {
    if (!(error instanceof DataverseError)) throw error
    const results = [{ SolutionValidationResultType: 'Error', Message: error.message, ErrorCode: error.code }]
    return {
      StageSolutionUploadId: uploadId,
      StageSolutionStatus: 'Failed',
      SolutionValidationResults: results,
      MissingDependencies: [],
      SolutionDetails: null,
      SolutionComponentsDetails: [],
    }
  }
}

interface JobState {
  readonly progress: number
  readonly name: string
  readonly outcome: 'success' | 'failure' | null
  readonly error: DataverseError | null
}

const escape = (text: string): string => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;')

function writeJob(world: World, id: string, { progress, name, outcome, error }: JobState): void {
  const now = secondsIso(world.clock.now())
  const held = tableNamed(world, 'importjob').rows.get(id)?.cells
  const result =
    error === null
      ? '<result result="success" />'
      : `<result result="failure" errorcode="${error.code}" errortext="${escape(error.message)}" />`
  const data =
    outcome === null ? null : `<importexportxml succeeded="${outcome}"><solutionManifests>${result}</solutionManifests></importexportxml>`
  const completedon = outcome === null ? null : now
  world.transactions.run(() =>
    write(world, 'importjob', id, {
      name: 'Customizations',
      progress,
      solutionname: name,
      startedon: held?.['startedon'] ?? now,
      completedon,
      data,
    }),
  )
}

function writeOperation(
  world: World,
  id: string,
  state: { readonly statecode: number; readonly statuscode: number; readonly message: string | null; readonly errorcode: number | null },
): void {
  const now = secondsIso(world.clock.now())
  const owner = { table: 'systemuser', id: world.ids.systemUser }
  const held = tableNamed(world, 'asyncoperation').rows.get(id)?.cells
  const cells = {
    name: 'Import Solution',
    operationtype: 203,
    createdon: held?.['createdon'] ?? now,
    modifiedon: now,
    ownerid: owner,
    createdby: owner,
  }
  world.transactions.run(() => write(world, 'asyncoperation', id, { ...cells, ...state, friendlymessage: state.message }))
}
