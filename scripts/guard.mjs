// Runs before `npm start` and `npm test`, on whatever Node there is, and says what to do if it is the wrong one. The
// repository brings its own Node 24 as the npm package `node`; its binary stands first on the PATH of npm's scripts.

const major = Number(process.versions.node.split('.')[0])
if (major < 24) {
  console.error(`
This repository runs on the Node 24 that it installs for itself, but this is Node ${process.versions.node}.

  - Run it through npm (npm start, npm test): npm finds the right Node first.
  - If you did: npm has not installed the package "node". Its install script may have been blocked; run
      npm ci --foreground-scripts
    and, where npm asks, allow the install script of the package "node" (package.json, allowScripts).
`)
  process.exit(1)
}
if (!(process.env.NODE_OPTIONS ?? '').includes('tautline-source')) {
  console.error(`
The option node-options of .npmrc did not reach this process: run npm from the repository's root.
`)
  process.exit(1)
}
