import dns from 'node:dns'
import { syncBuiltinESMExports } from 'node:module'
import { isIPv6 } from 'node:net'
import type { TestContext } from 'node:test'

/** Gives a DNS name these addresses, in this order, until the test ends. */
export function giveName(t: TestContext, name: string, addresses: readonly string[]): void {
  const { lookup } = dns.promises
  const own = async (host: string, options: { all: true; family?: number }) => {
    if (host !== name) return lookup(host, options)
    const found = addresses.map((address) => ({ address, family: isIPv6(address) ? 6 : 4 }))
    return found.filter(({ family }) => !options.family || options.family === family)
  }
  t.mock.method(dns.promises, 'lookup', own)
  syncBuiltinESMExports()
  t.after(() => {
    t.mock.restoreAll()
    syncBuiltinESMExports()
  })
}
