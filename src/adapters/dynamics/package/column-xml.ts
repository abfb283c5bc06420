import { logicalName, type BlueprintColumn } from '../install/blueprint.js'
import { el, localized, text, texts, type Element } from './xml.js'

/**
 * Column nodes of a solution file: the members in the order of exported packages, then those of the kind.
 * Source: exported packages in github.com/microsoft/PowerApps-Samples; learn.microsoft.com "Customization solutions file schema" (read 2023-10).
 */
export interface ColumnNode {
  readonly schemaName: string
  readonly type: string
  readonly label: string
  readonly description: string
  readonly required: 'none' | 'systemrequired'
  readonly mask: string
  readonly access: { readonly create: 0 | 1; readonly update: 0 | 1 }
  readonly custom: 0 | 1
  readonly own: readonly Element[]
}

const everywhere = 'ValidForAdvancedFind|ValidForForm|ValidForGrid'
const version = '1.0.0.0'

export function columnXml(node: ColumnNode): Element {
  const name = logicalName(node.schemaName)
  return el('attribute', { PhysicalName: node.schemaName }, [
    ...texts({
      Type: node.type,
      Name: name,
      LogicalName: name,
      RequiredLevel: node.required,
      DisplayMask: node.mask,
      ImeMode: 'auto',
      ValidForUpdateApi: node.access.update,
      ValidForReadApi: 1,
      ValidForCreateApi: node.access.create,
      IsCustomField: node.custom,
      IsAuditEnabled: node.custom,
      IsSecured: 0,
      IntroducedVersion: version,
      IsCustomizable: 1,
      IsRenameable: 1,
      CanModifySearchSettings: 1,
      CanModifyRequirementLevelSettings: node.required === 'none' ? 1 : 0,
      CanModifyAdditionalSettings: 1,
      SourceType: 0,
      IsGlobalFilterEnabled: 0,
      IsSortableEnabled: 0,
      CanModifyGlobalFilterSettings: 1,
      CanModifyIsSortableSettings: 1,
      IsDataSourceSecret: 0,
      AutoNumberFormat: '',
      IsSearchable: 0,
      IsFilterable: 0,
      IsRetrievable: 0,
      IsLocalizable: 0,
    }),
    ...node.own,
    localized('displaynames', 'displayname', node.label),
    localized('Descriptions', 'Description', node.description),
  ])
}

/** A column of ours on a table. */
export function ownColumnXml(table: string, column: BlueprintColumn, primary: 'primary' | 'other' = 'other'): Element {
  return columnXml({
    schemaName: column.schemaName,
    type: types[column.kind],
    label: column.label,
    description: column.description,
    required: 'none',
    mask: primary === 'primary' ? `PrimaryName|${everywhere}|RequiredForForm` : everywhere,
    access: { create: 1, update: 1 },
    custom: 1,
    own: ownMembers(table, column),
  })
}

const types: Readonly<Record<BlueprintColumn['kind'], string>> = {
  text: 'nvarchar',
  url: 'nvarchar',
  memo: 'ntext',
  yesno: 'bit',
  choice: 'picklist',
  whole: 'int',
  decimal: 'decimal',
  datetime: 'datetime',
  dateonly: 'datetime',
}

function ownMembers(table: string, column: BlueprintColumn): readonly Element[] {
  const { maxLength } = column
  switch (column.kind) {
    case 'text':
      return texts({ Format: 'text', MaxLength: maxLength, Length: maxLength * 2 })
    case 'url':
      return texts({ Format: 'url', MaxLength: maxLength, Length: maxLength * 2 })
    case 'memo':
      return texts({ Format: 'textarea', MaxLength: maxLength })
    case 'whole':
      return texts({ Format: 'none', MinValue: 0, MaxValue: 2_147_483_647 })
    case 'decimal':
      return texts({ MinValue: 0, MaxValue: 100_000_000_000, Accuracy: 4 })
    case 'datetime':
      return texts({ Format: 'datetime', CanChangeDateTimeBehavior: 1, Behavior: 1 })
    case 'dateonly':
      return texts({ Format: 'date', CanChangeDateTimeBehavior: 1, Behavior: 2 })
    case 'yesno': {
      const options = [
        { value: 1, label: column.yesNo?.yes ?? 'Yes' },
        { value: 0, label: column.yesNo?.no ?? 'No' },
      ]
      return [text('AppDefaultValue', 0), optionSetXml(table, column, { type: 'bit', options })]
    }
    case 'choice':
      return [text('AppDefaultValue', -1), optionSetXml(table, column, { type: 'picklist', options: column.options })]
  }
}

interface OptionsWish {
  readonly type: 'bit' | 'picklist'
  readonly options: readonly { readonly value: number; readonly label: string }[]
}

function optionSetXml(table: string, column: BlueprintColumn, { type, options }: OptionsWish): Element {
  return el('optionset', { Name: `${table}_${logicalName(column.schemaName)}` }, [
    ...texts({ OptionSetType: type, IntroducedVersion: version, IsCustomizable: 1, ExternalTypeName: '' }),
    localized('displaynames', 'displayname', column.label),
    localized('Descriptions', 'Description', ''),
    el(
      'options',
      {},
      options.map(({ value, label }) =>
        el('option', { value, ExternalValue: '', IsHidden: 0 }, [
          localized('labels', 'label', label),
          localized('Descriptions', 'Description', ''),
        ]),
      ),
    ),
  ])
}
