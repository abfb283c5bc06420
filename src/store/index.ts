export { isPostgres } from './database.js'
export { sealKey, sealWith, type Seal } from './seal.js'
export { openStore, type OpenStore, type StoreOptions } from './store.js'
