const item = (field: string): string => `<layoutItems><behavior>Edit</behavior><field>${field}</field></layoutItems>`
const section = (label: string, fields: readonly string[], style = 'TwoColumnsTopToBottom'): string =>
  `<layoutSections><customLabel>false</customLabel><detailHeading>true</detailHeading><editHeading>true</editHeading><label>${label}</label><layoutColumns>${fields.map(item).join('')}</layoutColumns><style>${style}</style></layoutSections>`
const head = '<excludeButtons>Submit</excludeButtons>'
const tail = '<showEmailCheckbox>false</showEmailCheckbox><showHighlightsPanel>false</showHighlightsPanel>'

/** What a fresh org shows, and one page that somebody made. */
export const standardLayouts: readonly (readonly [string, string])[] = [
  [
    'Opportunity-Opportunity Layout',
    `${head}${section('Opportunity &amp; more', ['Name', 'StageName', 'CloseDate', 'Amount'])}<relatedLists><fields>TASK.SUBJECT</fields><relatedList>RelatedActivityList</relatedList></relatedLists>${tail}`,
  ],
  ['Opportunity-Renewals', `${head}${section('Renewal', ['Name', 'StageName'])}${tail}`],
  ['Lead-Lead Layout', `${head}${section('Lead', ['LastName', 'Company', 'Status'])}${tail}`],
  ['Account-Account Layout', `${head}${section('Account', ['Name'])}${tail}`],
]
