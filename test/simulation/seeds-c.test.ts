import { playSeeds } from './seeds.js'

playSeeds('salesforce', 1, 400)
