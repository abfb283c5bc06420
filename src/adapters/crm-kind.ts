/** What `cosell init` was told of a CRM. */
export interface CrmAnswers {
  readonly url: string
  /** Entra ID tenant of the company; a CRM that is not signed in to there leaves it. */
  readonly tenant: string
  readonly clientId: string
}
/** A setting that the section `crm` of a configuration lacks, or has too much. */
export interface SettingFlaw {
  readonly key: string
  readonly message: string
  readonly hint: string
}

/** A kind of CRM as the configuration and the commands know it: words and the shape of its section, nothing that runs. */
export interface CrmKind<Name extends string = string> {
  readonly kind: Name
  /** As messages call it. */
  readonly name: string
  /** As a person chooses it. */
  readonly product: string
  readonly sample: { readonly url: string; readonly clientId: string }
  /** The questions of `cosell init`. */
  readonly asks: { readonly url: string; readonly clientId: string }
  /** Whether its API refuses a new record that lacks a mandatory column; else such columns are demanded of forms only. */
  readonly refusesIncomplete: boolean
  /** Settings under `crm` that no other kind takes. */
  readonly ownSettings: readonly string[]
  /** What its sign-in still needs; `has` says which settings are given. */
  flaws(has: (key: string) => boolean): readonly SettingFlaw[]
  /** Its section of a commented cosell.yaml; `scalar` quotes a value where YAML needs it. */
  section(answers: CrmAnswers, scalar: (text: string) => string): string
}

export const lacking = (has: (key: string) => boolean, keys: readonly string[], hint: string): readonly SettingFlaw[] =>
  keys.filter((key) => !has(key)).map((key) => ({ key, message: `crm.${key} is missing`, hint }))
