/** What a person sees of one record, whichever CRM it is in. */
export interface CrmCard {
  readonly id: string
  readonly table: 'opportunity' | 'lead'
  readonly topic: string
  readonly customer: string | null
  readonly value: number | null
  readonly close: string | null
  readonly description: string | null
  /** `0` open, `1` won, `2` lost. */
  readonly state: string
  readonly sync: boolean
  readonly visible: boolean
  readonly referral: string | null
  readonly status: string | null
  readonly problem: string | null
  readonly audit: string | null
  readonly section: {
    readonly link: string | null
    readonly lastSynced: string | null
    /** Places in the lists of choices, from 0. */
    readonly help: number | null
    readonly reason: number | null
    readonly expires: string | null
    readonly microsoftId: string | null
    readonly microsoftStatus: string | null
    readonly microsoftTeam: string | null
    readonly solutions: readonly { readonly id: string; readonly name: string }[]
  }
}
/** What a seller changes; absent: nothing. */
export interface CardEdit {
  readonly topic?: string
  readonly value?: number
  readonly close?: string
  readonly description?: string
  readonly sync?: true
  readonly visible?: true
  readonly help?: number | null
  readonly reason?: number | null
}
/** The CRM as the sandbox's own page shows it: the same deeds for every kind. */
export interface CrmDesk {
  card(table: CrmCard['table'], id: string): CrmCard | null
  readonly seller: {
    edit(table: CrmCard['table'], id: string, values: CardEdit): void
    win(id: string): void
    lose(id: string): void
    /** A deal that lacks nothing for a share; its switch is off. */
    newDeal(name: string): string
  }
}

export type Row = Readonly<Record<string, unknown>>
export const text = (row: Row | undefined, name: string): string | null => {
  const value = row?.[name]
  return typeof value === 'string' && value !== '' ? value : null
}
export const number = (row: Row, name: string): number | null => (typeof row[name] === 'number' ? row[name] : null)
export const day = (value: string | null): string | null => value?.slice(0, 10) ?? null
/** Without what was not said. */
export const given = (values: Readonly<Record<string, unknown>>): Record<string, unknown> =>
  Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined))
