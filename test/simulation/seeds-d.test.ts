import { playSeeds } from './seeds.js'

playSeeds('salesforce', 401, 400)
