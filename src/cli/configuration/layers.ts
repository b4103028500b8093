// The code that reads configurations. It is loaded only if there are any.
export { aliasesOf, spellAliases } from './aliases.js'
export { configurationOf, requireKnownSections } from './sections.js'
export { settle } from './settle.js'
export { rulesToCheck } from './tracker-rules.js'
