import { playSeeds } from './seeds.js'

playSeeds('dynamics', 1, 600)
