import { setFlagsFromString } from 'node:v8'

/**
 * Lets the heap grow by half of what lives in it before it is looked through for what is dead. Of itself V8 lets it grow to four times that
 * where a machine has memory: a sweep of a hundred thousand deals, of which some 40 MB live at any moment, held 290 MB so, and holds 195 MB with
 * this in the same processor time. The flag is asked at every collection, so it may be set while the process runs.
 * Source: V8 `src/heap/heap-controller.cc` (`MemoryController::GrowingFactor`), tried with Node 20.20.
 */
export function keepHeapSmall(): void {
  setFlagsFromString('--heap-growing-percent=50')
}
