/** Node modules that load slowly and that most commands hardly use. */
const SLOW_MODULES: ReadonlySet<string> = new Set([
  'node:child_process',
  'node:crypto',
  'node:fs/promises',
  'node:http',
  'node:https',
  'node:net',
  'node:os',
  'node:readline',
  'node:timers/promises',
  'node:tls',
  'node:tty',
  'node:v8',
  'node:worker_threads',
])

/** `require` that loads Node's slow modules only on first use. */
export function makeLazy(require: NodeJS.Require): (id: string) => unknown {
  const load = (id: string) => require(id) as object
  return (id) => (SLOW_MODULES.has(id) ? standIn(() => load(id)) : load(id))
}

/** Calls `require` only once, because a lookup for each access would take a microsecond. */
function standIn(load: () => object): object {
  let loaded: object | null = null
  return new Proxy(
    {},
    {
      get: (_target, key) => Reflect.get((loaded ??= load()), key) as unknown,
      ownKeys: () => Reflect.ownKeys((loaded ??= load())),
    },
  )
}
