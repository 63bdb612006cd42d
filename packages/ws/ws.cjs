// `require('@tautline/ws')` is the class, as `require('ws')` is; its statics hold the rest.
module.exports = require('./dist/mod.js').default
