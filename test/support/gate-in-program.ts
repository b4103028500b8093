import fs from 'node:fs'

// Loaded into a program by `node --import`. Holds up the accelerator before it reads and hashes the
// files that it was given, until the file $BTKIT_TEST_GATE.open is there.

const path = process.env['BTKIT_TEST_GATE'] ?? ''
const load = process.dlopen.bind(process)

function hold(): void {
  fs.writeFileSync(`${path}.reached`, '')
  const never = new Int32Array(new SharedArrayBuffer(4))
  while (!fs.existsSync(`${path}.open`)) {
    // The test is over
    if (!fs.existsSync(`${path}.reached`)) process.kill(process.pid, 'SIGKILL')
    Atomics.wait(never, 0, 0, 5)
  }
}

process.dlopen = (
  module: { exports: Record<string, (...args: unknown[]) => unknown> },
  ...rest
) => {
  load(module, ...rest)
  // Properties of an addon cannot be changed
  const { exports } = module
  const held = ['hashJob', 'hashJobOnThreads'].map((name) => {
    const value = (...args: unknown[]) => {
      hold()
      return exports[name]?.(...args)
    }
    return [name, { value }] as const
  })
  module.exports = Object.create(exports, Object.fromEntries(held)) as typeof exports
}
