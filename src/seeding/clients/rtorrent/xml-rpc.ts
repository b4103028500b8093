import { XmlElement } from '@rgrove/parse-xml'
import { BtkitError } from '../../../base/errors.js'
import { readXml } from '../../../base/text/read-xml.js'

/** A value of XML-RPC; bytes are sent as base64. */
export type XmlRpcValue = number | string | Uint8Array | readonly XmlRpcValue[] | XmlRpcStruct
export interface XmlRpcStruct {
  readonly [name: string]: XmlRpcValue
}

/** Encodes the call of a method. */
export function encodeCall(method: string, params: readonly XmlRpcValue[]): string {
  const values = params.map((param) => `<param>${encodeValue(param)}</param>`).join('')
  return `<?xml version="1.0"?><methodCall><methodName>${escapeXml(method)}</methodName><params>${values}</params></methodCall>`
}

/**
 * Decodes the answer to a call.
 * @throws BtkitError `client` with the message of a fault, or for an invalid answer
 */
export function decodeResponse(xml: string): XmlRpcValue {
  const root = parse(xml)
  const fault = child(root, 'fault')
  if (fault) throw new BtkitError('client', faultWords(decodeValue(child(fault, 'value'))))
  const param = child(child(root, 'params'), 'param')
  if (root.name !== 'methodResponse' || !param) {
    throw new BtkitError('client', 'unexpected answer: not XML-RPC; check the address')
  }
  return decodeValue(child(param, 'value'))
}

/** Returns the message of a fault among the results of `system.multicall`, or null for a result. */
export function faultOf(result: XmlRpcValue): string | null {
  const isFault = isStruct(result) && 'faultString' in result
  return isFault ? faultWords(result) : null
}

function faultWords(fault: XmlRpcValue): string {
  const words = isStruct(fault) ? fault['faultString'] : null
  return typeof words === 'string' ? words : 'failed without a reason'
}

function isStruct(value: XmlRpcValue): value is XmlRpcStruct {
  return typeof value === 'object' && !Array.isArray(value) && !(value instanceof Uint8Array)
}

function encodeValue(value: XmlRpcValue): string {
  return `<value>${encodeInside(value)}</value>`
}

function encodeInside(value: XmlRpcValue): string {
  if (typeof value === 'number') return `<i8>${value}</i8>`
  if (typeof value === 'string') return `<string>${escapeXml(value)}</string>`
  if (value instanceof Uint8Array) {
    return `<base64>${Buffer.from(value).toString('base64')}</base64>`
  }
  if (Array.isArray(value)) return `<array><data>${value.map(encodeValue).join('')}</data></array>`
  const members = Object.entries(value as XmlRpcStruct).map(([name, member]) => {
    return `<member><name>${escapeXml(name)}</name>${encodeValue(member)}</member>`
  })
  return `<struct>${members.join('')}</struct>`
}

function escapeXml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
}

/** Characters that XML cannot contain. rtorrent writes them unchanged if they are in names. */
const NO_XML = /[\0-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]/g

function parse(xml: string): XmlElement {
  const root = readXml(xml.replace(NO_XML, '\ufffd'))
  if (root) return root
  throw new BtkitError('client', 'unexpected answer: not XML-RPC; check the address')
}

function children(element: XmlElement | null): XmlElement[] {
  return (element?.children ?? []).filter((node) => node instanceof XmlElement)
}

function child(element: XmlElement | null, name: string): XmlElement | null {
  return children(element).find((each) => each.name === name) ?? null
}

function decodeValue(value: XmlElement | null): XmlRpcValue {
  const [type] = children(value)
  if (!type) return value?.text ?? ''
  switch (type.name) {
    case 'array':
      return children(child(type, 'data')).map(decodeValue)
    case 'struct':
      return Object.fromEntries(children(type).map(decodeMember))
    case 'base64':
      return Buffer.from(type.text, 'base64')
    case 'string':
      return type.text
    default:
      return Number(type.text)
  }
}

function decodeMember(member: XmlElement): [string, XmlRpcValue] {
  return [child(member, 'name')?.text ?? '', decodeValue(child(member, 'value'))]
}
