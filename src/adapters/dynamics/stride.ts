const recordsMost = 100 // A hundred records are well inside the two minutes that one call may take.
const recordsLeast = 5
const comfortableMs = 8_000 // A third of the time that a call is waited for.

/**
 * How many records go into one call: a hundred, and fewer where the CRM needs long for each, because its parts run one after another and a call
 * that nobody waits for any more leaves open what became of every one of them.
 */
export class Stride {
  #records = recordsMost

  get records(): number {
    return this.#records
  }
  took({ records, ms }: { readonly records: number; readonly ms: number }): void {
    if (ms > comfortableMs) this.#become((records * comfortableMs) / ms)
    else if (ms < comfortableMs / 2 && records >= this.#records) this.#become(this.#records * 2)
  }
  /** No answer came in time. */
  lost(): void {
    this.#become(this.#records / 4)
  }
  #become(records: number): void {
    this.#records = Math.min(recordsMost, Math.max(recordsLeast, Math.floor(records)))
  }
}
