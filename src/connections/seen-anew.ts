import type { Installer } from '../core/ports.js'

/** What an installation makes or takes away, whole or in part, is seen by the next pass, and not only when the columns are next read. */
export function seenAnew(installer: Installer, outdate: () => void): Installer {
  const then = async <T>(work: Promise<T>): Promise<T> => {
    try {
      return await work
    } finally {
      outdate()
    }
  }
  return {
    plan: (options) => installer.plan(options),
    apply: (options) => then(installer.apply(options)),
    planRemoval: (options) => installer.planRemoval(options),
    remove: (options) => then(installer.remove(options)),
    registerCallbacks: (wish, options) => installer.registerCallbacks(wish, options),
    removeCallbacks: (options) => installer.removeCallbacks(options),
    catalogue: (options) => installer.catalogue(options),
    fillCatalogue: (entries, options) => installer.fillCatalogue(entries, options),
  }
}
