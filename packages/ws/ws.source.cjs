// As ws.cjs, for runs from the sources. Not published.
module.exports = require('./src/mod.ts').default
