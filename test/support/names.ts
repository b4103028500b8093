import dns from 'node:dns'
import { isIPv6 } from 'node:net'
import type { TestContext } from 'node:test'
import { importMocks } from './import-mocks.js'

type Found = (error: null, addresses: readonly dns.LookupAddress[]) => void

/** Gives a DNS name these addresses, in this order, until the test ends. */
export function giveName(t: TestContext, name: string, addresses: readonly string[]): void {
  const all = addresses.map((address) => ({ address, family: isIPv6(address) ? 6 : 4 }))
  const find = (wanted = 0) => all.filter(({ family }) => wanted === 0 || family === wanted)
  const { lookup } = dns
  const { lookup: lookUp } = dns.promises
  t.mock.method(dns.promises, 'lookup', async (host: string, options: dns.LookupAllOptions) => {
    return host === name ? find(options.family as number) : lookUp(host, options)
  })
  t.mock.method(dns, 'lookup', (host: string, options: dns.LookupAllOptions, done: Found) => {
    if (host === name) done(null, find(options.family as number))
    else lookup(host, options, done as never)
  })
  importMocks(t)
}
