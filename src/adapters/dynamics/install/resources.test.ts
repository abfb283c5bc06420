import { runInNewContext } from 'node:vm'
import { describe, expect, it } from 'vitest'
import { LINK_STATES } from '../../../core/link.js'
import { ICON_FUNCTION, ICON_SCRIPT, WEB_RESOURCES } from './resources.js'

const text = (name: string): string => WEB_RESOURCES.find((resource) => resource.name === name)?.text ?? ''
/** Runs the icon's script as a page of the CRM does, and asks it for one row. */
const icon = (row: unknown, language = 1033): unknown =>
  runInNewContext(`${text(ICON_SCRIPT)}; JSON.stringify(${ICON_FUNCTION}(row, ${language}))`, {
    window: {},
    row: typeof row === 'string' ? row : JSON.stringify(row),
  })
const shown = (row: unknown, language?: number): unknown => JSON.parse(String(icon(row, language)))

describe('the status icon', () => {
  it.each(LINK_STATES)('of %s is a picture that is there, with the word and the time', (state) => {
    const [picture, hover] = shown({ cosell_syncstatus_Value: state, cosell_lastsynced: '5/4/2026 9:15 AM' }) as [string, string] // what the CRM expects
    expect(text(picture)).toContain('<svg')
    expect(hover).toMatch(new RegExp(`^${state}: .+ \\(5/4/2026 9:15 AM\\)$`))
  })

  it.each([2052, 1028, 3076])('speaks to a reader of Chinese (%i) in Chinese, with the same word', (language) => {
    expect(shown({ cosell_syncstatus_Value: 'in-sync' }, language)).toEqual(['cosell_/img/in-sync.svg', 'in-sync：与合作伙伴中心一致'])
    expect(shown({ cosell_syncstatus_Value: 'in-sync' }, 1031)).toEqual(['cosell_/img/in-sync.svg', 'in-sync: the same in Partner Center'])
  })

  it('reads the shown text where there is no value, and a boxed value', () => {
    expect(shown({ cosell_syncstatus: 'pending' })).toEqual(['cosell_/img/pending.svg', 'pending: on its way to Partner Center'])
    expect(shown({ cosell_syncstatus_Value: { Value: 'stopped' } })).toMatchObject({ 0: 'cosell_/img/stopped.svg' })
  })

  it.each([{}, { cosell_syncstatus_Value: 'constructor' }, { cosell_syncstatus: null }, 'no json'])('of %j is empty', (row) => {
    expect(shown(row)).toEqual(['', ''])
  })
})
