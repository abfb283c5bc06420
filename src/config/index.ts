export type {
  Config, DynamicsConfig, FileText, NoticesConfig,
  PartnerCenterConfig, SalesforceConfig, SealConfig, ServerConfig, SignInConfig, StoreConfig, SyncConfig,
} from './config.js'
export { loadInstallation, loadTenant } from './installation.js'
export { loadConfig, type ConfigRequest, type LoadedConfig } from './load.js'
export { ConfigError, type Problem } from './problems.js'
export { maskAddress, maskedConfig, secretValues, type ConfigDocument } from './show.js'
export { configJsonSchema } from './json-schema.js'
export { secretPaths, SETTINGS, variableOf, type Setting } from './settings.js'
export { formatDuration, parseDuration } from './durations.js'
export { formatListen, isLoopbackHost, parseListen, readRemoteAddress, type ListenAddress } from './addresses.js'
export { exampleConfig, exampleVariables, type InitAnswers } from './example.js'
export { CRM_KINDS, CRM_NAMES, crmKind, usualCrm, type CrmName } from '../adapters/registry.js'
export { processWorld, type ProcessWorld } from './world.js'
export type { Environment, ReadFile } from './environment.js'
