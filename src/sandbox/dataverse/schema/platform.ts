import type { TableSeed } from './notation.js'

/**
 * Tables of the platform itself: customization, security, events and system jobs.
 * Source: learn.microsoft.com Dataverse table reference: publisher, solution, webresource, systemform, savedquery, serviceendpoint,
 * sdkmessageprocessingstep, asyncoperation (read 2023-10).
 */
type Short = Omit<TableSeed, 'tracked' | 'stamps' | 'ownership' | 'label' | 'plural' | 'id'> & Partial<TableSeed>

const seed = (short: Short): TableSeed => ({
  ownership: 'OrganizationOwned',
  tracked: false,
  stamps: 'all',
  label: short.schemaName,
  plural: `${short.schemaName}s`,
  id: `${short.name}id`,
  ...short,
})

const enabled = `
statecode state 0 Enabled|1 Disabled ; S
statuscode status 1 Enabled (0)|2 Disabled (1)
`

const customization: readonly TableSeed[] = [
  seed({
    name: 'publisher',
    schemaName: 'Publisher',
    set: 'publishers',
    primaryName: 'friendlyname',
    code: 7101,
    columns: `
uniquename text 256 ; S co
friendlyname text 256 ; S
customizationprefix text 8
customizationoptionvalueprefix whole 10000 99999
description memo 2000
emailaddress text 100
supportingwebsiteurl text 200
isreadonly yesno ; ro`,
  }),
  seed({
    name: 'solution',
    schemaName: 'Solution',
    set: 'solutions',
    primaryName: 'friendlyname',
    code: 7100,
    columns: `
uniquename text 65 ; S co
friendlyname text 256 ; S
version text 256 ; S
description memo 2000
ismanaged yesno ; ro
isvisible yesno ; ro
installedon datetime ; ro
publisherid lookup publisher from=publisher_solution del=Restrict ; S
configurationpageid lookup webresource`,
  }),
  seed({
    name: 'solutioncomponent',
    schemaName: 'SolutionComponent',
    set: 'solutioncomponents',
    primaryName: null,
    code: 7103,
    columns: `
componenttype choice 1 Entity|2 Attribute|3 Relationship|9 Option Set|10 Entity Relationship|14 Entity Key|20 Role|26 Saved Query|29 Workflow|59 Saved Query Visualization|60 System Form|61 Web Resource|62 Site Map|63 Connection Role|66 Custom Control|70 Field Security Profile|71 Field Permission|80 App Module|90 Plugin Type|91 Plugin Assembly|92 SDK Message Processing Step|93 SDK Message Processing Step Image|95 Service Endpoint|300 Canvas App|371 Connector|372 Connector|380 Environment Variable Definition|381 Environment Variable Value ; ro
objectid guid ; ro
ismetadata yesno ; ro
rootcomponentbehavior choice 0 Include Subcomponents|1 Do not include subcomponents|2 Include As Shell Only ; ro
solutionid lookup solution from=solution_solutioncomponent del=Cascade ; ro`,
  }),
  seed({
    name: 'webresource',
    schemaName: 'WebResource',
    set: 'webresourceset',
    primaryName: 'name',
    code: 9333,
    columns: `
name text 256 ; S co
displayname text 200
description memo 2000
webresourcetype choice 1 Webpage (HTML)|2 Style Sheet (CSS)|3 Script (JScript)|4 Data (XML)|5 PNG format|6 JPG format|7 GIF format|8 Silverlight (XAP)|9 Style Sheet (XSL)|10 ICO format|11 Vector format (SVG)|12 String (RESX) ; S co
content memo 7000000
dependencyxml memo 5000
languagecode whole 0 65535
ismanaged yesno ; ro`,
  }),
  seed({
    name: 'systemform',
    schemaName: 'SystemForm',
    set: 'systemforms',
    id: 'formid',
    primaryName: 'name',
    code: 1030,
    columns: `
name text 100 ; S
description memo 2000
objecttypecode text 100 ; S co
type choice 0 Dashboard|2 Main|5 Mobile - Express|6 Quick View Form|7 Quick Create|8 Dialog|9 Task Flow Form|11 Card|12 Main - Interactive experience|100 Other ; S co
formxml,formjson memo 1048576
formpresentation choice 0 ClassicForm|1 AirForm|2 ConvertedICForm ; =1
formactivationstate choice 0 Inactive|1 Active ; =1
isdefault yesno
ismanaged yesno ; ro`,
  }),
  seed({
    name: 'savedquery',
    schemaName: 'SavedQuery',
    set: 'savedqueries',
    primaryName: 'name',
    code: 1039,
    columns: `
name text 200 ; S
description memo 2000
returnedtypecode text 100 ; co
querytype whole 0 2147483647 ; S co
layoutxml,fetchxml memo 1048576
isdefault,isquickfindquery yesno
ismanaged yesno ; ro
statecode state 0 Active|1 Inactive ; S
statuscode status 1 Active (0)|2 Inactive (1)`,
  }),
  seed({
    name: 'importjob',
    schemaName: 'ImportJob',
    set: 'importjobs',
    primaryName: 'name',
    code: 9107,
    columns: `
name text 256
data memo 1048576
progress double 0 100
solutionname text 256
startedon,completedon datetime
solutionid guid`,
  }),
  seed({
    name: 'environmentvariabledefinition',
    schemaName: 'EnvironmentVariableDefinition',
    set: 'environmentvariabledefinitions',
    primaryName: 'schemaname',
    code: 380,
    columns: `
schemaname text 100 ; S co
displayname text 100
type choice 100000000 String|100000001 Number|100000002 Boolean|100000003 JSON|100000004 Data Source|100000005 Secret ; =100000000
defaultvalue memo 2000
secretstore choice 0 Azure Key Vault|1 Microsoft Dataverse ; =0`,
  }),
  seed({
    name: 'environmentvariablevalue',
    schemaName: 'EnvironmentVariableValue',
    set: 'environmentvariablevalues',
    primaryName: 'schemaname',
    code: 381,
    columns: `
schemaname text 100
value memo 2000
environmentvariabledefinitionid lookup environmentvariabledefinition nav=EnvironmentVariableDefinitionId from=environmentvariabledefinition_environmentvariablevalue del=Cascade ; S`,
  }),
]

const security: readonly TableSeed[] = [
  seed({
    name: 'role',
    schemaName: 'Role',
    set: 'roles',
    primaryName: 'name',
    code: 1036,
    columns: `name text 100 ; S\nismanaged yesno ; ro\nbusinessunitid lookup businessunit ; S\nroletemplateid guid ; ro`,
  }),
  seed({
    name: 'privilege',
    schemaName: 'Privilege',
    set: 'privileges',
    primaryName: 'name',
    code: 1023,
    stamps: 'none',
    columns: `name text 100 ; ro\naccessright whole ; ro\ncanbebasic,canbelocal,canbedeep,canbeglobal yesno ; ro`,
  }),
  seed({
    name: 'fieldsecurityprofile',
    schemaName: 'FieldSecurityProfile',
    set: 'fieldsecurityprofiles',
    primaryName: 'name',
    code: 1200,
    columns: `name text 100 ; S\ndescription memo 2000\nismanaged yesno ; ro`,
  }),
  seed({
    name: 'fieldpermission',
    schemaName: 'FieldPermission',
    set: 'fieldpermissions',
    primaryName: null,
    code: 1201,
    columns: `
entityname text 128 ; S co
attributelogicalname text 50 ; S co
canread,cancreate,canupdate choice 0 Not Allowed|4 Allowed ; =0
fieldsecurityprofileid lookup fieldsecurityprofile from=lk_fieldpermission_fieldsecurityprofileid del=Cascade ; S co`,
  }),
]

const events: readonly TableSeed[] = [
  seed({
    name: 'sdkmessage',
    schemaName: 'SdkMessage',
    set: 'sdkmessages',
    primaryName: 'name',
    code: 4606,
    columns: `name text 256 ; ro\ncategoryname text 25 ; ro\nisactive yesno ; ro`,
  }),
  seed({
    name: 'sdkmessagefilter',
    schemaName: 'SdkMessageFilter',
    set: 'sdkmessagefilters',
    primaryName: 'name',
    code: 4607,
    columns: `
name text 256 ; ro
primaryobjecttypecode,secondaryobjecttypecode text 100 ; ro
availability whole ; ro
iscustomprocessingstepallowed yesno ; ro
isvisible yesno ; ro
sdkmessageid lookup sdkmessage from=sdkmessageid_sdkmessagefilter ; ro`,
  }),
  seed({
    name: 'serviceendpoint',
    schemaName: 'ServiceEndpoint',
    set: 'serviceendpoints',
    primaryName: 'name',
    code: 4618,
    columns: `
name text 256 ; S
url text 2000
contract choice 1 OneWay|2 Queue|3 Rest|4 TwoWay|5 Topic|6 Queue (Persistent)|7 Event Hub|8 Webhook|9 Event Grid|10 Managed Data Lake ; S
authtype choice 1 ACS|2 SAS Key|3 SAS Token|4 Webhook Key|5 Http Header|6 Http Query String
authvalue text 2048 ; wo
messageformat choice 1 Binary XML|2 Json|3 Text XML
connectionmode choice 1 Normal|2 Federated ; S =1
userclaim choice 1 None|2 UserId|3 UserInfo ; S =1
namespaceformat choice 1 Namespace Name|2 Namespace Address
namespaceaddress text 255
solutionnamespace,path text 160
saskeyname text 256
saskey,sastoken text 256 ; wo
isauthvalueset,issaskeyset,issastokenset yesno ; ro
description memo 2000`,
  }),
  seed({
    name: 'sdkmessageprocessingstep',
    schemaName: 'SdkMessageProcessingStep',
    set: 'sdkmessageprocessingsteps',
    primaryName: 'name',
    code: 4608,
    columns: `
name,description text 256
stage choice 5 Initial Pre-operation|10 Pre-validation|15 Internal Pre-operation Before External Plugins|20 Pre-operation|25 Internal Pre-operation After External Plugins|30 Main Operation|35 Internal Post-operation Before External Plugins|40 Post-operation|45 Internal Post-operation After External Plugins|50 Post-operation (Deprecated)|55 Final Post-operation ; S
mode choice 0 Synchronous|1 Asynchronous ; S
rank whole 1 2147483647 ; S
supporteddeployment choice 0 Server Only|1 Microsoft Dynamics 365 Client for Outlook Only|2 Both ; =0
asyncautodelete,canusereadonlyconnection yesno
filteringattributes memo 100000
invocationsource choice -1 Internal|0 Parent|1 Child ; =0
configuration memo 1048576
${enabled}
sdkmessageid lookup sdkmessage ; S
sdkmessagefilterid lookup sdkmessagefilter
impersonatinguserid lookup systemuser
eventhandler lookup serviceendpoint,plugintype from=serviceendpoint_sdkmessageprocessingstep,plugintype_sdkmessageprocessingstep del=Restrict`,
  }),
  seed({
    name: 'plugintype',
    schemaName: 'PluginType',
    set: 'plugintypes',
    primaryName: 'name',
    code: 4602,
    columns: `name text 256\ntypename text 256`,
  }),
  seed({
    name: 'sdkmessageprocessingstepimage',
    schemaName: 'SdkMessageProcessingStepImage',
    set: 'sdkmessageprocessingstepimages',
    primaryName: 'name',
    code: 4615,
    columns: `
name text 256
entityalias text 256 ; S
imagetype choice 0 PreImage|1 PostImage|2 Both ; S
messagepropertyname text 256 ; S
attributes memo 100000
sdkmessageprocessingstepid lookup sdkmessageprocessingstep from=sdkmessageprocessingstepid_sdkmessageprocessingstepimage del=Cascade ; S`,
  }),
  seed({
    name: 'asyncoperation',
    schemaName: 'AsyncOperation',
    set: 'asyncoperations',
    primaryName: 'name',
    code: 4700,
    ownership: 'UserOwned',
    columns: `
name text 256 ; ro
operationtype whole ; ro
message,friendlymessage memo 1048576 ; ro
messagename,primaryentitytype text 160 ; ro
errorcode whole ; ro
retrycount whole ; ro
startedon,completedon datetime ; ro
postponeuntil datetime
correlationid guid ; ro
statecode state 0 Ready|1 Suspended|2 Locked|3 Completed ; S
statuscode status 0 Waiting For Resources (0)|10 Waiting (1)|20 In Progress (2)|21 Pausing (2)|22 Canceling (2)|30 Succeeded (3)|31 Failed (3)|32 Canceled (3)
owningextensionid lookup sdkmessageprocessingstep from=SdkMessageProcessingStep_AsyncOperations del=Cascade ; ro
regardingobjectid lookup opportunity,lead,account,contact from=Opportunity_AsyncOperations,Lead_AsyncOperations,Account_AsyncOperations,Contact_AsyncOperations del=RemoveLink ; ro`,
  }),
]

export const platformTables: readonly TableSeed[] = [...customization, ...security, ...events]

/** Updates of these wait for publishing. */
export const publishableTables: ReadonlySet<string> = new Set(['webresource', 'systemform', 'savedquery'])

export const manyToManySeeds = [
  { schemaName: 'systemuserroles_association', first: 'systemuser', second: 'role' },
  { schemaName: 'teamroles_association', first: 'team', second: 'role' },
  { schemaName: 'teammembership_association', first: 'team', second: 'systemuser' },
  { schemaName: 'roleprivileges_association', first: 'role', second: 'privilege' },
  { schemaName: 'systemuserprofiles_association', first: 'systemuser', second: 'fieldsecurityprofile' },
  { schemaName: 'teamprofiles_association', first: 'team', second: 'fieldsecurityprofile' },
] as const
