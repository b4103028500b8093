import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { unlessInstalled } from './peers.js'

/** For tests that need certificates. */
export const unlessOpenssl = unlessInstalled('openssl')

/**
 * Writes a certificate of 127.0.0.1 that vouches for itself, and its key; returns the certificate.
 */
export function plantCertificate(directory: string, name: string, days = 2): string {
  const [cert, key] = certificateFiles(directory)
  const args = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes']
  const names = ['-subj', `/CN=${name}`, '-addext', 'subjectAltName=IP:127.0.0.1']
  const files = ['-keyout', key, '-out', cert, '-days', String(days)]
  execFileSync('openssl', [...args, ...names, ...files], { stdio: 'pipe' })
  return readFileSync(cert, 'utf8')
}

/** Where these are. */
export function certificateFiles(directory: string): [cert: string, key: string] {
  return [join(directory, 'cert.pem'), join(directory, 'key.pem')]
}

/** The options that name them. */
export function tlsArgs(directory: string): string[] {
  const [cert, key] = certificateFiles(directory)
  return ['--tls-cert', cert, '--tls-key', key]
}
