type Words = Readonly<Record<string, string>>

interface Dictionary {
  readonly because: Words
  readonly ordered: (what: string) => string
  readonly sources: Words
  readonly how: Words
  readonly values: Readonly<Record<string, Words>>
}

/** Fixed words of the service and codes of Partner Center, as people say them. What is not listed is shown as it came. */
export const words: Dictionary = {
  /** Why a deal was worked; event names are Partner Center's own. */
  because: {
    retry: 'Retried by a person',
    sync: 'Sync now',
    joined: 'Joined with another deal',
    'its record is there': 'A record was made although its answer was lost',
    'first sync': 'First sync',
    'sweep of partner': 'Sweep of Partner Center',
    'sweep of crm': 'Sweep of the CRM',
    'listed by partner': 'Partner Center listed a change',
    'conflict resolved': 'A conflict was decided',
    'released by a person': 'Taken up again',
    'a flow was switched on': 'A flow was switched on',
    'tried again after a repair': 'Tried again after a repair',
    'linked by a person': 'Linked by a person',
    'plan applied': 'A plan was applied',
    "Microsoft's answer is awaited": 'Microsoft’s answer is awaited',
    'referral-created': 'A referral was created',
    'referral-updated': 'The referral was updated',
    'related-referral-created': 'Another party joined the deal',
    'related-referral-updated': 'Another party updated the deal',
    'test-created': 'A test event',
    'outbound message': 'The CRM record was saved',
    'opportunity Create': 'The opportunity was created',
    'opportunity Update': 'The opportunity was updated',
    'opportunity Delete': 'The opportunity was deleted',
    'opportunity Win': 'The opportunity was won',
    'opportunity Lose': 'The opportunity was lost',
    'lead Create': 'The lead was created',
    'lead Update': 'The lead was updated',
    'lead QualifyLead': 'The lead was qualified',
    'solution Create': 'A solution was added',
    'solution Update': 'A solution was changed',
    'solution Delete': 'A solution was removed',
    'account Update': 'The account was updated',
    'contact Update': 'The contact was updated',
  },
  ordered: (what: string) => `Ordered: ${what}`,
  sources: { 'partner-center': 'Partner Center', crm: 'the CRM', cosell: 'cosell' },
  /** How two records became one deal, or stopped being one. */
  how: {
    'by marker': 'by the id one carries of the other',
    'by a person': 'by a person',
    'joined by a person': 'joined by a person',
    'created as referral': 'when the referral was created',
    'created as opportunity': 'when the opportunity was created',
    'created as lead': 'when the lead was created',
    'found by its marker after its answer was lost': 'by the id it carries, after the answer was lost',
    'made by somebody else for this deal while ours was under way': 'made by hand for this deal, while ours was under way',
    'the CRM record carries the referral identifier': 'by the referral id on the CRM record',
    'the CRM record carries the identifier of a referral of this engagement': 'by a referral of the same engagement',
    'the referral carries its CRM id': 'by the CRM id on the referral',
    'the referral carries the id of the record it came from': 'by the id of the record it came from',
  },
  values: {
    'details.requirements.marketplaceIntent': { HaveNotDecided: 'Not decided yet', Yes: 'Yes', No: 'No' },
    'inviteContext.assistanceRequestCode': {
      WorkloadSpecificValueProposition: 'Workload-specific value proposition',
      CustomerTechnicalArchitecture: 'Customer technical architecture',
      ProofOfConceptOrDemo: 'Proof of concept or demo',
      QuotesOrLicensing: 'Quotes or licensing',
      PostSalesCustomerSuccess: 'Post-sales customer success',
      GeneralOrOther: 'General or other',
    },
    'customerProfile.size': {
      '1to9employees': '1 to 9 employees',
      '10to50employees': '10 to 50 employees',
      '51to250employees': '51 to 250 employees',
      '251to1000employees': '251 to 1,000 employees',
      '1001to5000employees': '1,001 to 5,000 employees',
      '5001to10000employees': '5,001 to 10,000 employees',
      '10001to20000employees': '10,001 to 20,000 employees',
      Morethan20000employees: 'More than 20,000 employees',
    },
  },
}
