import { toFault } from '../core/fault.js'
import type { InstallJob } from '../engine/administration.js'
import type { Installation } from './installation.js'

/** An installation that goes on while people look at it: begun by one call, watched by others. One at a time. */
export function installJob(installation: Pick<Installation, 'apply'>): {
  begin(options: { readonly existing: 'alter' | 'leave'; readonly by: string }): InstallJob
  show(): InstallJob
} {
  let job: InstallJob = { state: 'idle', progress: null, report: null, problem: null }
  return {
    show: () => job,
    begin({ existing, by }) {
      if (job.state === 'running') return job
      job = { state: 'running', progress: null, report: null, problem: null }
      const onProgress = (progress: InstallJob['progress']): void => void (job = { ...job, progress })
      // It outlives the request that began it; ended with the process, it goes on where it stopped at the next beginning.
      void installation.apply({ existing, by, onProgress, signal: new AbortController().signal }).then(
        (report) => void (job = { state: 'done', progress: null, report, problem: null }),
        (error: unknown) => {
          const { message, remedy } = toFault(error)
          job = { state: 'failed', progress: null, report: null, problem: { message, remedy } }
        },
      )
      return job
    },
  }
}
