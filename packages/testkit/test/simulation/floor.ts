// What must really have happened in a campaign, so that a simulation that has become harmless does not pass: for each
// event, in how many of a thousand seeds' worth of running it occurs at least.

/** Per 1,000 seeds. */
const FLOOR: Readonly<Record<string, number>> = {
  connections: 3_000,
  messages: 100_000,
  entries: 30_000,
  'publish ok': 30_000,
  'publish duplicate': 300,
  'publish unknown': 100,
  'log fresh': 3_000,
  'log recovered': 1_500,
  'ephemeral fresh': 1_500,
  'lost trimmed': 300,
  'lost epoch': 150,
  'lost diverged': 20,
  'lost limit': 20,
  'lost ephemeral': 300,
  'gap dropped': 5,
  'gap conflated': 5,
  'bye 4002': 3,
  'fence none': 500,
  'fence possible': 100,
  'store failover': 80,
  'store wipe': 80,
  'store interrupted': 500,
  'store lost its tail': 20,
  'error aborted': 500,
  'error unavailable': 500,
  'error unknown': 100,
  reached: 1_000,
  calls: 1_000,
}

/** What did not happen often enough. */
export function belowFloor(counts: ReadonlyMap<string, number>, seeds: number): string[] {
  return Object.entries(FLOOR)
    .map(([name, floor]) => ({ name, least: Math.floor((floor * seeds) / 1_000), count: counts.get(name) ?? 0 }))
    .filter(({ least, count }) => count < least)
    .map(({ name, least, count }) => `${name}: ${count}, at least ${least} were to be expected`)
}
