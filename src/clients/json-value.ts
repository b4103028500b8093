/** An unchecked object of a JSON answer. */
export type JsonObject = Readonly<Record<string, unknown>>

/** Returns a value as an object; empty if it is not one. */
export function asObject(value: unknown): JsonObject {
  return typeof value === 'object' && value !== null ? (value as JsonObject) : {}
}

/** Returns a value as a list; empty if it is not one. */
export function asList(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? (value as unknown[]) : []
}

/** Returns a value as text; empty if it is neither text nor a number. */
export function asText(value: unknown): string {
  return typeof value === 'string' ? value : typeof value === 'number' ? `${value}` : ''
}

/** Returns a value as a number, which some clients send as text; 0 if it is not one. */
export function asNumber(value: unknown): number {
  const number = typeof value === 'string' ? Number(value) : value
  return typeof number === 'number' && Number.isFinite(number) ? number : 0
}
