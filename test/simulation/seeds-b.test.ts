import { playSeeds } from './seeds.js'

playSeeds('dynamics', 601, 600)
