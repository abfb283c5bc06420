import { playSeeds } from './seeds.js'

playSeeds('dynamics', 1, 50, 'whole')
playSeeds('salesforce', 1, 50, 'whole')
playSeeds('dynamics', 1, 50, 'lagging')
playSeeds('salesforce', 1, 50, 'lagging')
