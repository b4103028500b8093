import { BlockList, isIPv4 } from 'node:net'
import { networkInterfaces } from 'node:os'

/** The machines that can reach an address; more with each number. */
export const Reach = { nobody: 0, machine: 1, privateNetwork: 2, all: 3 } as const

/** The networks of each kind (RFC 6890). Networks of one link count as the machine's own. */
const networks = () =>
  (known ??= [
    ['0.0.0.0/8', '224.0.0.0/3', '::/128', 'ff00::/8'],
    ['127.0.0.0/8', '169.254.0.0/16', '::1/128', 'fe80::/10'],
    [
      '10.0.0.0/8 100.64.0.0/10 172.16.0.0/12 192.0.0.0/24 192.168.0.0/16 198.18.0.0/15',
      '::/96 64:ff9b:1::/48 fc00::/7 fec0::/10',
    ],
  ].map((some) => {
    const list = new BlockList()
    for (const network of some.flatMap((each) => each.split(' '))) {
      const [address = '', bits] = network.split('/')
      list.addSubnet(address, Number(bits), familyOf(address))
      if (familyOf(address) === 'ipv6') continue
      // The same addresses behind NAT64 (RFC 6052) and 6to4 (RFC 3056)
      const hex = Buffer.from(address.split('.').map(Number)).toString('hex')
      list.addSubnet(`64:ff9b::${address}`, 96 + Number(bits), 'ipv6')
      list.addSubnet(`2002:${hex.replace(/^.{4}/, '$&:')}::`, 16 + Number(bits), 'ipv6')
    }
    return list
  }))

/** Made at the first question, because that takes some milliseconds. */
let known: BlockList[] | undefined

/** How far an IP address reaches: one of `Reach`. */
export function reachOf(address: string): number {
  const plain = address.replace(/%.*$/, '')
  const reach = networks().findIndex((list) => list.check(plain, familyOf(plain)))
  return reach === -1 ? Reach.all : reach
}

/** Whether an address belongs to this machine, its links, or a private network. */
export function isLocal(address: string): boolean {
  return [Reach.machine, Reach.privateNetwork].some((reach) => reach === reachOf(address))
}

/** Whether only this machine can ask a host, by its address or as `localhost`. */
export function isLoopback(host: string): boolean {
  const name = host.replace(/^\[(.*)\]$/, '$1').toLowerCase()
  return name === 'localhost' || name === '::1' || (isIPv4(name) && name.startsWith('127.'))
}

/**
 * The addresses of this machine that others can call, public ones first. The system's own name may
 * be a loopback address (Debian: 127.0.1.1), and a loopback interface may have public ones.
 */
export function outerAddresses(): string[] {
  try {
    return Object.values(networkInterfaces())
      .flatMap((own) => own?.map(({ address }) => address) ?? [])
      .filter((address) => reachOf(address) >= Reach.privateNetwork)
      .toSorted((a, b) => reachOf(b) - reachOf(a))
  } catch {
    // A sandbox does not let programs list them
    return []
  }
}

function familyOf(address: string): 'ipv4' | 'ipv6' {
  return address.includes(':') ? 'ipv6' : 'ipv4'
}
