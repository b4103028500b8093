import { createRequire } from 'node:module'

/** The version in package.json. */
export function version(): string {
  return (createRequire(import.meta.url)('#package.json') as { version: string }).version
}

/** Digest of the built program. It may differ between builds of equal behaviour. */
export function programDigest(): string {
  return createRequire(import.meta.url)('#program-digest') as string
}
