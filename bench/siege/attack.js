// The process of the attackers, so that neither side takes the other's turn:
//   node attack.js PORT TRACKER-PORT SECONDS NUMBER...
import { ATTACKERS, Siege } from './attackers.js'

const [port, trackerPort, seconds, ...numbers] = process.argv.slice(2).map(Number)
const end = performance.now() + seconds * 1000

// Whoever began the siege may be gone
process.on('disconnect', () => process.exit(0))
setTimeout(() => process.exit(0), seconds * 1000 + 5000).unref()

const answers = {}
const took = {}
await Promise.all(
  numbers.map(async (number) => {
    const siege = new Siege(port, end, trackerPort)
    answers[number] = siege.answers
    await ATTACKERS[number].attack(siege)
    if (siege.took.length > 0) took[number] = siege.took
  }),
)
process.send?.({ answers, took }, () => process.exit(0))
