import type { Config } from '../config/index.js'
import { Fault, readGiven } from '../core/fault.js'
import { settingChanges, type Settings, type SettingsVersion } from '../core/settings.js'
import type { Draft } from '../engine/mapping-desk.js'
import type { VersionBook } from '../engine/versions.js'
import type { Proposal, SettingsDesk, VersionView } from '../engine/views.js'
import { readMappingText } from './mapping.js'
import { documentOf, settingsIn } from './settings-document.js'

export interface SettingsDeskParts {
  readonly config: Config
  readonly book: VersionBook
  /** A mapping beside the one in force, to be checked against the live CRM. */
  readonly draftOf: (settings: Settings) => Pick<Draft, 'checks'>
  /** Called when another version may be in force: takes it up, and has what rests looked at again under another mapping. */
  readonly refresh: () => Promise<void>
}

/** Versions of the settings as people handle them: seen, carried to another installation, agreed to, taken back. */
export function settingsDesk({ config, book, draftOf, refresh }: SettingsDeskParts): SettingsDesk {
  const given = (text: string): Settings => readGiven(() => settingsIn(text, config))
  const chosen = (number: number | null): Promise<SettingsVersion> => (number === null ? book.current() : book.version(number))
  const proposal = async (settings: Settings, signal: AbortSignal): Promise<Proposal> => {
    const held = await book.current()
    const checks = await draftOf(settings).checks(signal)
    return { against: held.number, changes: settingChanges(held.settings, settings, readMappingText), checks }
  }
  const afterwards = async (view: VersionView): Promise<VersionView> => {
    await refresh()
    return view
  }
  return {
    list: () => book.list(),
    async show(number) {
      const { number: wanted } = await chosen(number)
      const [version, all] = await Promise.all([book.version(wanted), book.list()])
      const summary = all.find((each) => each.number === wanted)
      if (summary === undefined)
        throw new Fault('missing', `There is no version ${wanted} of the settings.`, { remedy: 'See "cosell config versions".' })
      return { ...summary, settings: version.settings }
    },
    export: async (number) => documentOf(await chosen(number), config),
    compare: async (text, signal) => proposal(given(text), signal),
    async promote(text, { note, by, signal }) {
      const settings = given(text)
      const { checks } = await proposal(settings, signal)
      const flaws = checks.filter(({ status }) => status === 'fail')
      if (flaws.length > 0)
        throw new Fault('rejected', `The mapping does not fit this CRM: ${flaws.map(({ detail }) => detail).join(' ')}`, {
          remedy: flaws.map((flaw) => flaw.remedy).find((remedy) => remedy !== null) ?? 'See "cosell config diff".',
        })
      return afterwards(await book.promote(settings, { note, by }))
    },
    approve: async (number, by) => afterwards(await book.approve(number, by)),
    rollback: async (number, options) => afterwards(await book.rollback(number, options)),
  }
}
