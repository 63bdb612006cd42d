import mod = require('./dist/mod.js')
export = mod.default
