// What must really have happened in a campaign, so that a simulation that has become harmless does not pass: for each
// event, in how many of a thousand seeds' worth of running it occurs at least.

/** Per 1,000 seeds. */
const FLOOR: Readonly<Record<string, number>> = {
  connections: 5_000,
  messages: 200_000,
  entries: 80_000,
  'publish ok': 80_000,
  'publish duplicate': 1_000,
  'publish unknown': 400,
  'log fresh': 8_000,
  'log recovered': 4_000,
  'ephemeral fresh': 3_000,
  'pattern fresh': 1_500,
  'pattern messages': 15_000,
  'brought by a pattern': 4_000,
  'server-side subscriptions': 1_500,
  'unsub forbidden': 300,
  'unsub not-found': 150,
  'lost trimmed': 800,
  'lost epoch': 700,
  'lost diverged': 250,
  'lost limit': 50,
  'lost ephemeral': 800,
  'lost pattern': 500,
  'gap dropped': 50,
  'gap conflated': 400,
  'conflate resumes': 300,
  'history pages': 1_500,
  'history not found': 4,
  'fence none': 2_500,
  'fence possible': 1_000,
  'entries lost without lineage': 150,
  'ended 1001': 200,
  'ended 4001': 150,
  'ended 4002': 40,
  'ended 4100': 40,
  'ended 4201': 40,
  'ended 4401': 40,
  'ended 4402': 30,
  'replaces across nodes': 250,
  'tokens refreshed': 2_000,
  'direct messages received': 5_000,
  'store failover': 200,
  'store wipe': 100,
  'store interrupted': 2_000,
  'store lost its tail': 120,
  'error aborted': 2_500,
  'error cancelled': 800,
  'error unavailable': 2_500,
  'error unknown': 800,
  reached: 6_000,
  'call ok': 1_200,
  'call left': 800,
}

/** What did not happen often enough. */
export function belowFloor(counts: ReadonlyMap<string, number>, seeds: number): string[] {
  return Object.entries(FLOOR)
    .map(([name, floor]) => ({ name, least: Math.floor((floor * seeds) / 1_000), count: counts.get(name) ?? 0 }))
    .filter(({ least, count }) => count < least)
    .map(({ name, least, count }) => `${name}: ${count}, at least ${least} were to be expected`)
}
