// Gives processes only a share of the time: stops them for a part of each ten milliseconds, until
// whoever started this leaves.
//   node throttle.js SHARE PID...
const PERIOD = 10

const [share, ...pids] = process.argv.slice(2).map(Number)
const clock = new Int32Array(new SharedArrayBuffer(4))
const signal = (name) => pids.forEach((pid) => process.kill(pid, name))

process.on('disconnect', () => process.exit(0))
process.on('uncaughtException', () => process.exit(0))
step()

function step() {
  signal('SIGSTOP')
  Atomics.wait(clock, 0, 0, PERIOD * (1 - share))
  signal('SIGCONT')
  setTimeout(step, PERIOD * share)
}
