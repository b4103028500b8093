/** The style of the administration, after that of pages with forms. */
export const ADMIN_STYLE = `
.who { display: flex; align-items: center; gap: .6rem } .who span { color: var(--muted) }
.log-in { max-width: 26rem } .log-in .field { grid-template-columns: 6rem 1fr } .log-in input { width: 100% }
input[type=password] { width: 100% }
.figures { display: grid; grid-template-columns: repeat(auto-fit, minmax(9rem, 1fr)); gap: 1rem; margin: 0 0 1rem }
.figures div { background: var(--card); border: 1px solid var(--line); border-radius: 8px; padding: .8rem 1.2rem }
.figures dt { font-weight: 400; color: var(--muted) } .figures dd { margin: 0; font-size: 1.6rem; font-variant-numeric: tabular-nums }
td button { padding: .1rem .6rem } td form { margin: 0 }
`
