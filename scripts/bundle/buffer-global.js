// Gives modules for browsers the Buffer that Node has as a global.
export { Buffer } from 'buffer/'
