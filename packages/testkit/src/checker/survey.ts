// A history with the indexes that several checks share. Built once per run.

import type { Finding, History, Publish } from './history.ts'
import { Truth } from './truth.ts'

/** What every check is given. */
export interface Survey {
  readonly history: History
  readonly truths: ReadonlyMap<string, Truth>
  readonly publishes: ReadonlyMap<string, Publish>
}

export type Check = (survey: Survey, report: Report) => void

/** Takes down what a check has found. */
export type Report = (finding: Omit<Finding, 'check'>) => void

/** Builds the indexes. */
export function surveyOf(history: History): Survey {
  return {
    history,
    truths: new Map(history.logs.map((log) => [log.channel, new Truth(log, history.faults, history.bases)])),
    publishes: new Map(history.publishes.map((publish) => [publish.payload, publish])),
  }
}

/** A position for people. */
export function show(position: { epoch: string; offset: number; id: string } | null | undefined): string {
  return position === null || position === undefined
    ? 'nowhere'
    : `${position.offset} (${position.id === '' ? 'no entry' : position.id} in ${position.epoch})`
}
