import { createRequire } from 'node:module'

/** The version in package.json. */
export function version(): string {
  return (createRequire(import.meta.url)('#package.json') as { version: string }).version
}

/** A digest of the built program, which the build makes: of two that do the same it may differ. */
export function programDigest(): string {
  return createRequire(import.meta.url)('#program-digest') as string
}
