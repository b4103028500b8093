// The script of the window's pages. It holds a connection; when the last one closes, the program
// ends. A page that Back shows again needs another.
import { base } from './base.js'
// Before forms have changed
import './keep.js'
import './forms.js'
import './drop.js'

let alive: EventSource | undefined
addEventListener('pageshow', () => {
  alive ??= new EventSource(new URL('alive', base))
})
addEventListener('pagehide', () => {
  alive?.close()
  alive = undefined
})
