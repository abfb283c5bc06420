import type { CallOptions } from './ports.js'
import type { EndRef, Instant } from './ref.js'

/** Something to do, for the people who work in the CRM. */
export interface RecordTask {
  /** The CRM's record that it is about. */
  readonly ref: EndRef
  /** The occasion: the same task is never added twice. */
  readonly key: string
  readonly subject: string
  readonly text: string
  readonly dueAt: Instant | null
}
export interface TaskDesk {
  addTask(task: RecordTask, options: CallOptions): Promise<void>
}
