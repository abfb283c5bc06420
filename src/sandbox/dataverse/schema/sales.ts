import type { TableSeed } from './notation.js'

/**
 * Tables of the Sales app.
 * Source: learn.microsoft.com Dynamics 365 Sales entity reference: opportunity, opportunityclose, lead, product (read 2023-10).
 */
const money = '-1000000000000 1000000000000'

/** Columns opportunity and lead have in common. */
const shared = `
description,qualificationcomments memo 2000
estimatedclosedate dateonly
budgetamount money 0 1000000000000
budgetstatus choice 0 No Committed Budget|1 May Buy|2 Can Buy|3 Will Buy
need choice 0 Must have|1 Should have|2 Good to have|3 No need
purchaseprocess choice 0 Individual|1 Committee|2 Unknown
purchasetimeframe choice 0 Immediate|1 This Quarter|2 Next Quarter|3 This Year|4 Unknown
initialcommunication choice 0 Contacted|1 Not Contacted
prioritycode choice 1 Default Value ; =1
confirminterest,decisionmaker,evaluatefit,participatesinworkflow yesno
processid,stageid guid
traversedpath text 1250
campaignid lookup campaign
`

const opportunity: TableSeed = {
  name: 'opportunity',
  schemaName: 'Opportunity',
  set: 'opportunities',
  id: 'opportunityid',
  primaryName: 'name',
  code: 3,
  ownership: 'UserOwned',
  label: 'Opportunity',
  plural: 'Opportunities',
  tracked: true,
  stamps: 'all',
  columns: `
name text 300 ; A ; Topic
${shared}
customerneed,currentsituation,customerpainpoints,proposedsolution,quotecomments memo 2000
emailaddress text 100
estimatedvalue money ${money} ; r ; Est. Revenue
isrevenuesystemcalculated yesno ; =false
actualvalue money ${money}
discountamount,freightamount money 0 1000000000000
discountpercentage decimal 0 100
totalamount,totallineitemamount,totaltax,totaldiscountamount,totallineitemdiscountamount,totalamountlessfreight money ${money} ; ro
actualclosedate,finaldecisiondate dateonly
schedulefollowup_prospect,schedulefollowup_qualify,scheduleproposalmeeting datetime
closeprobability whole 0 100
opportunityratingcode choice 1 Hot|2 Warm|3 Cold ; =2
msdyn_forecastcategory choice 100000001 Pipeline|100000002 Best case|100000003 Committed|100000004 Omitted|100000005 Won|100000006 Lost ; =100000001
salesstage choice 0 Qualify|1 Develop|2 Propose|3 Close
salesstagecode choice 1 Default Value ; =1
stepname text 200
timeline choice 0 Immediate|1 This Quarter|2 Next Quarter|3 This Year|4 Not known
pricingerrorcode choice 0 None|1 Detail Error|2 Missing Price Level|3 Inactive Price Level|4 Missing Quantity|5 Missing Unit Price|6 Missing Product|7 Invalid Product|37 Base Currency Attribute Underflow|38 Base Currency Attribute Overflow ; =0
skippricecalculation choice 0 DoPriceCalcAlways|1 SkipPriceCalcOnCreate ; =0
captureproposalfeedback,completefinalproposal,completeinternalreview,developproposal,filedebrief,identifycompetitors,identifycustomercontacts yesno
identifypursuitteam,presentfinalproposal,presentproposal,pursuitdecision,resolvefeedback,sendthankyounote yesno
timespentbymeonemailandmeetings text 1250 ; ro
statecode state 0 Open|1 Won|2 Lost ; S ; Status
statuscode status 1 In Progress (0)|2 On Hold (0)|3 Won (1)|4 Canceled (2)|5 Out-Sold (2) ; ; Status Reason
customerid customer from=opportunity_customer_accounts,opportunity_customer_contacts del=Cascade ; A ; Potential Customer
parentaccountid lookup account from=opportunity_parent_account del=Cascade ; ; Account
parentcontactid lookup contact from=opportunity_parent_contact del=RemoveLink ; ; Contact
accountid lookup account nav= ; ro
contactid lookup contact nav= ; ro
transactioncurrencyid lookup transactioncurrency from=transactioncurrency_opportunity del=Restrict ; A ; Currency
originatingleadid lookup lead from=opportunity_originating_lead ; co
pricelevelid lookup pricelevel
`,
}

const opportunityClose: TableSeed = {
  name: 'opportunityclose',
  schemaName: 'OpportunityClose',
  set: 'opportunitycloses',
  id: 'activityid',
  primaryName: 'subject',
  code: 4208,
  ownership: 'UserOwned',
  label: 'Opportunity Close',
  plural: 'Opportunity Close',
  tracked: false,
  stamps: 'all',
  columns: `
subject text 200 ; A
description memo 2000
actualrevenue money ${money}
actualstart,actualend datetime
opportunitystatuscode choice 1 In Progress|2 On Hold|3 Won|4 Canceled|5 Out-Sold
opportunitystatecode choice 0 Open|1 Won|2 Lost
statecode state 0 Open|1 Completed|2 Canceled ; S
statuscode status 1 Open (0)|2 Completed (1)|3 Canceled (2)
opportunityid lookup opportunity from=Opportunity_OpportunityClose del=Cascade
competitorid lookup competitor
transactioncurrencyid lookup transactioncurrency
`,
}

const address = (city: number) => `
address1_line1,address1_line2,address1_line3 text 250
address1_city text ${city}
address1_stateorprovince text 50
address1_postalcode text 20
address1_country text 80
address1_county text 50
address1_postofficebox text 20
address1_composite memo 1000 ; ro
`

export const industries =
  '1 Accounting|2 Agriculture and Non-petrol Natural Resource Extraction|3 Broadcasting Printing and Publishing|4 Brokers|5 Building Supply Retail|6 Business Services|' +
  '7 Consulting|8 Consumer Services|9 Design, Direction and Creative Management|10 Distributors, Dispatchers and Processors|' +
  "11 Doctor's Offices and Clinics|12 Durable Manufacturing|13 Eating and Drinking Places|14 Entertainment Retail|15 Equipment Rental and Leasing|" +
  '16 Financial|17 Food and Tobacco Processing|18 Inbound Capital Intensive Processing|19 Inbound Repair and Services|20 Insurance|21 Legal Services|' +
  '22 Non-Durable Merchandise Retail|23 Outbound Consumer Service|24 Petrochemical Extraction and Distribution|25 Service Retail|26 SIG Affiliations|' +
  '27 Social Services|28 Special Outbound Trade Contractors|29 Specialty Realty|30 Transportation|31 Utility Creation and Distribution|32 Vehicle Retail|33 Wholesale'

const lead: TableSeed = {
  name: 'lead',
  schemaName: 'Lead',
  set: 'leads',
  id: 'leadid',
  primaryName: 'fullname',
  code: 4,
  ownership: 'UserOwned',
  label: 'Lead',
  plural: 'Leads',
  tracked: true,
  stamps: 'all',
  columns: `
subject text 300 ; A ; Topic
${shared}
${address(80)}
address1_name text 100
address1_addresstypecode,address1_shippingmethodcode choice 1 Default Value ; =1
firstname text 50 ; r
lastname text 50 ; A
middlename text 50
salutation text 100
fullname text 160 ; ro
companyname text 100 ; r
jobtitle text 100
emailaddress1,emailaddress2,emailaddress3 text 100
telephone1,telephone2,telephone3,fax text 50
mobilephone,pager text 20
websiteurl text 200
estimatedamount money 0 1000000000000
estimatedvalue double 0 1000000000
revenue money 0 100000000000000
numberofemployees whole 0 1000000
sic text 20
industrycode choice ${industries}
leadqualitycode choice 1 Hot|2 Warm|3 Cold ; =2
leadsourcecode choice 1 Advertisement|2 Employee Referral|3 External Referral|4 Partner|5 Public Relations|6 Seminar|7 Trade Show|8 Web|9 Word of Mouth|10 Other
salesstage choice 0 Qualify
preferredcontactmethodcode choice 1 Any|2 Email|3 Phone|4 Fax|5 Mail ; =1
donotbulkemail,donotemail,donotfax,donotphone,donotpostalmail,donotsendmm,followemail yesno
merged yesno ; ro
statecode state 0 Open|1 Qualified|2 Disqualified ; S ; Status
statuscode status 1 New (0)|2 Contacted (0)|3 Qualified (1)|4 Lost (2)|5 Cannot Contact (2)|6 No Longer Interested (2)|7 Canceled (2) ; ; Status Reason
customerid customer from=lead_customer_accounts,lead_customer_contacts del=RemoveLink
parentaccountid lookup account from=lead_parent_account
parentcontactid lookup contact from=lead_parent_contact
qualifyingopportunityid lookup opportunity from=lead_qualifying_opportunity
masterid lookup lead from=lead_master_lead ; ro
transactioncurrencyid lookup transactioncurrency from=transactioncurrency_lead del=Restrict ; ; Currency
`,
}

const product: TableSeed = {
  name: 'product',
  schemaName: 'Product',
  set: 'products',
  id: 'productid',
  primaryName: 'name',
  code: 1024,
  ownership: 'OrganizationOwned',
  label: 'Product',
  plural: 'Products',
  tracked: false,
  stamps: 'all',
  columns: `
name text 100 ; A
productnumber text 100 ; S
description memo 2000
productstructure choice 1 Product|2 Product Family|3 Product Bundle ; S =1
producttypecode choice 1 Sales Inventory|2 Miscellaneous Charges|3 Services|4 Flat Fees
quantitydecimal whole 0 5 ; A
price,standardcost,currentcost money 0 1000000000000
producturl text 255
vendorname,vendorpartnumber,suppliername text 100
validfromdate,validtodate dateonly
statecode state 0 Active|1 Retired|2 Draft|3 Under Revision ; S
statuscode status 1 Active (0)|2 Retired (1)|0 Draft (2)|3 Under Revision (3)
defaultuomid lookup uom
defaultuomscheduleid lookup uomschedule
pricelevelid lookup pricelevel
transactioncurrencyid lookup transactioncurrency
parentproductid lookup product
`,
}

const opportunityProduct: TableSeed = {
  name: 'opportunityproduct',
  schemaName: 'OpportunityProduct',
  set: 'opportunityproducts',
  id: 'opportunityproductid',
  primaryName: 'opportunityproductname',
  code: 1083,
  ownership: 'UserOwned',
  label: 'Opportunity Product',
  plural: 'Opportunity Products',
  tracked: false,
  stamps: 'all',
  columns: `
opportunityproductname text 500
productdescription text 500
isproductoverridden,ispriceoverridden yesno
quantity decimal -100000000000 100000000000
priceperunit money ${money}
extendedamount money ${money} ; ro
opportunityid lookup opportunity from=product_opportunities del=Cascade ; S
productid lookup product
uomid lookup uom
transactioncurrencyid lookup transactioncurrency
`,
}

const named = (name: string, schemaName: string, set: string, code: number, columns = ''): TableSeed => ({
  name,
  schemaName,
  set,
  id: `${name}id`,
  primaryName: 'name',
  code,
  ownership: 'OrganizationOwned',
  label: schemaName,
  plural: `${schemaName}s`,
  tracked: false,
  stamps: 'all',
  columns: `name text 128 ; A\n${columns}`,
})

export const salesTables: readonly TableSeed[] = [
  opportunity,
  opportunityClose,
  lead,
  product,
  opportunityProduct,
  named('competitor', 'Competitor', 'competitors', 123),
  named('campaign', 'Campaign', 'campaigns', 4400),
  named('pricelevel', 'PriceLevel', 'pricelevels', 1022),
  named('uom', 'UoM', 'uoms', 1055),
  named('uomschedule', 'UoMSchedule', 'uomschedules', 1056),
]
