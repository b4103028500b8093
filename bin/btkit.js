#!/usr/bin/env node
import { ignoreDebugSignal } from '../dist/bundle/debug-signal.js'

ignoreDebugSignal()
const { main } = await import('../dist/bundle/main.js')
await main('btkit')
