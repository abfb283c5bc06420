import { playSeeds } from './seeds.js'

playSeeds('dynamics', 1, 50, 'whole')
playSeeds('salesforce', 1, 50, 'whole')
