import { listPoints } from "../lifecycle/points.ts";
import type { ObjectPoints } from "../lifecycle/signal.ts";
import type { GaugeObject } from "../otlp/encode-metrics.ts";
import type { MetricExporter } from "../otlp/metric-exporter.ts";
import { type PauseReason, RetryDelays } from "../otlp/retry-delays.ts";
import type { SendResult } from "../otlp/transport.ts";
import type { SeriesRow } from "../store/rows.ts";
import type { Store } from "../store/store.ts";
import type { Clock } from "../util/clock.ts";
import { TimeSlice } from "../util/time-slice.ts";
import { toError } from "../util/to-error.ts";
import { unreachable } from "../util/unreachable.ts";
import { WakeUp } from "../util/wake-up.ts";
import type { Aggregates } from "./aggregates.ts";
import type { Touched } from "./commit.ts";
import type { PipelineReport } from "./report.ts";
import { compareSeries, inDoubt, type Pin, SeriesPins, union } from "./series-pins.ts";

/** `now`: undefined where nothing is there; `object`: undefined where nothing is to be said. */
type Look = {
  /** Of a watch that is blind: nothing is said of it, not even that it ended. */
  readonly isHeld: boolean;
  readonly key: string;
  readonly pin: Pin;
  readonly now: ObjectPoints | undefined;
  readonly object: GaugeObject | undefined;
};

/** Rows that the heartbeat passed: without their texts, which would be held until the collector has answered. */
type Passed = {
  readonly rows: number;
  readonly lastId: number;
  /** How many series all of them have. */
  readonly series: number;
  /** The ids of those that are to be sent, and what of each. */
  readonly ids: readonly number[];
  readonly objects: readonly GaugeObject[];
};

/** `passed-over`: refused, in part at least, and not to be sent again. */
type Delivery = "delivered" | "passed-over" | "failed";

/** How often our own aggregates go out (docs/contract.md §5). */
const AGGREGATES_EVERY_MS = 15_000;
/** Objects per request: half a megabyte if all of eleven series each go out, and what is read at once of large objects stays small. */
const BATCH = 250;
/** So many changed objects don't wait for the end of an interval, which may be long: each is held with its series, in some 600 bytes. */
const PINNED_MAX = 20_000;

export type HeartbeatOptions = {
  readonly store: Store;
  readonly exporter: MetricExporter;
  readonly aggregates: Aggregates;
  /** Commits what is pending; false if that failed. */
  readonly flush: () => boolean;
  /** The points of a row, or undefined where its kind is not watched now. */
  readonly pointsOf: (row: SeriesRow) => ObjectPoints | undefined;
  /** Whether nobody knows at the moment how the objects of that watch stand: then they are not sent, nor ended. */
  readonly isBlind: (watchId: number) => boolean;
  readonly clock: Clock;
  readonly random: () => number;
  readonly intervalMs: number;
  readonly heartbeatMs: number;
  /** Whether this instance may send (leadership). */
  readonly active: () => boolean;
  readonly report: (report: PipelineReport) => void;
  /** As `Commit.lasting`. */
  readonly lasting: (work: () => Promise<void>, signal: AbortSignal) => Promise<void>;
};

/**
 * Projects the remembered states into gauges: within one interval the points that changed, everything once per
 * heartbeat, spread evenly over it.
 *
 * Points never wait in a queue. While the collector is away the pins keep what is out there, and when it is back the
 * then current points go out once, with the ends of those that are no more. One request is in flight, so the times of
 * all series rise. While it takes nothing, exports are as rare as the delays of a retry. Whatever may not have arrived as it should counts as unknown, and is sent whether it changed or not.
 */
export class Heartbeat {
  readonly #options: HeartbeatOptions;
  readonly #pins = new SeriesPins();
  readonly #full = new WakeUp();
  /** Ends with the last request. */
  #turn: Promise<unknown> = Promise.resolve();
  #cursor = 0;
  /** Objects times milliseconds for which nothing was sent yet, and until when that is reckoned. */
  #owed = 0;
  #owedUntilMs: number | undefined;
  readonly #delays: RetryDelays;
  #failingSinceMs: number | undefined;
  /** While the collector takes nothing: when the next export is worth its encoding. */
  #pausedUntilMs = 0;
  #seriesInPass = 0;
  #liveSeries = 0;

  constructor(options: HeartbeatOptions) {
    this.#options = options;
    this.#delays = new RetryDelays(options.random);
  }

  touch(touched: readonly Touched[]): void {
    const before = this.#pins.pinned;
    this.#pins.touch(touched);
    // Once, for where nothing can be sent they only become more.
    if (before < PINNED_MAX && this.#pins.pinned >= PINNED_MAX) this.#full.ring();
  }

  /** The collector takes something again: the next export need not wait. */
  resume(): void {
    this.#pausedUntilMs = 0;
  }

  /** How many series the last whole pass over all objects found. */
  get liveSeries(): number {
    return this.#liveSeries;
  }

  /** Whether the next change of a row need not say which points it had. */
  isPinned(row: Pick<SeriesRow, "id">): boolean {
    return this.#pins.hasRow(row.id);
  }

  /** Exports once per interval, and sooner where very much changes, until `signal` aborts; what is under way then goes on until `deadline`. */
  async run(signal: AbortSignal, deadline: AbortSignal = signal): Promise<void> {
    const { intervalMs, lasting } = this.#options;
    const objects = (): Promise<void> => this.beat(deadline);
    const aggregates = (): Promise<void> => this.#beatAggregates(deadline);
    await Promise.all([
      lasting(() => this.#every(intervalMs, { signal, sooner: this.#full }, objects), signal),
      lasting(() => this.#every(AGGREGATES_EVERY_MS, { signal }, aggregates), signal),
    ]);
  }

  async #every(
    periodMs: number,
    { signal, sooner = new WakeUp() }: { readonly signal: AbortSignal; readonly sooner?: WakeUp },
    step: () => Promise<void>,
  ): Promise<void> {
    const { clock } = this.#options;
    while (!signal.aborted) {
      const startedMs = clock.now();
      if (startedMs >= this.#pausedUntilMs) await step();
      await sooner.wait(clock, signal, Math.max(0, startedMs + periodMs - clock.now()));
    }
  }

  /** One interval's export of object series. */
  async beat(signal: AbortSignal): Promise<void> {
    if (!this.#options.active()) {
      this.#pins.loseAll();
      return;
    }
    if (await this.changes(signal)) await this.#beatUnchanged(signal);
  }

  async #beatAggregates(signal: AbortSignal): Promise<void> {
    const { active, aggregates, clock } = this.#options;
    if (active()) this.#settle(await this.#inTurn(() => aggregates.export(clock.now(), signal)));
  }

  /** The last export of a process that stops: what changed, and the aggregates as they stand. A stop ends no series. */
  async finish(signal: AbortSignal): Promise<void> {
    if (!this.#options.active() || !(await this.changes(signal))) return;
    const { aggregates, clock } = this.#options;
    this.#settle(await this.#inTurn(() => aggregates.finish(clock.now(), signal)));
  }

  /** Exports what changed since the last export; false if the collector did not take all of it. */
  async changes(signal: AbortSignal): Promise<boolean> {
    // A change that is still pending left its series to the pin that is taken now: it must be part of this export.
    if (!this.#options.flush()) return true;
    // What is done goes out of the map: after a first look there are pins of everything.
    const pins = this.#pins.take();
    while (pins.size > 0) {
      const looks = await this.#lookAt(pins).catch((error: unknown) => {
        this.#pins.giveBack(pins);
        throw toError(error);
      });
      const objects = looks.flatMap(({ object }) => object ?? []);
      const delivery = await this.#send(objects, { unchanged: false, signal });
      if (delivery === "failed") {
        // Nobody knows how much of it arrived.
        for (const { key, pin, now, isHeld } of looks) {
          const exported = isHeld ? pin.exported : inDoubt(union(pin.exported, now));
          pins.set(key, { ...pin, exported });
        }
        this.#pins.giveBack(pins);
        return false;
      }
      for (const { key } of looks) pins.delete(key);
      for (const { key, pin, now, isHeld } of looks) {
        if (isHeld) this.#pins.giveBack(new Map([[key, pin]]));
        else if (delivery === "delivered" && now !== undefined) this.#pins.delivered(pin.rowId);
        else this.#pins.lost(key, pin.rowId);
      }
    }
    return true;
  }

  /** At the first so many. */
  async #lookAt(pins: ReadonlyMap<string, Pin>): Promise<readonly Look[]> {
    const slice = new TimeSlice();
    const looks: Look[] = [];
    for (const [key, pin] of pins) {
      const row = this.#options.store.seriesRow(pin.rowId);
      const now = row === undefined ? undefined : this.#options.pointsOf(row);
      const isHeld = row !== undefined && this.#options.isBlind(row.watchId);
      if (!isHeld) this.#pins.note(key, now);
      const object = isHeld ? undefined : changesOf(pin.exported, now);
      looks.push({ key, pin, now, object, isHeld });
      if (looks.length >= BATCH) break;
      await slice.breathe();
    }
    return looks;
  }

  /** The next share of all objects, so that each is re-sent once per heartbeat. */
  async #beatUnchanged(signal: AbortSignal): Promise<void> {
    const { heartbeatMs } = this.#options;
    let share = this.#share();
    while (share > 0 && !signal.aborted) {
      const passed = await this.#pass(Math.min(share, BATCH));
      if (passed === undefined) {
        if (this.#cursor === 0) return;
        this.#endPass();
        continue;
      }
      const delivery = await this.#send(passed.objects, { unchanged: true, signal });
      if (delivery === "failed") return;
      if (delivery === "delivered") for (const id of passed.ids) this.#pins.delivered(id);
      this.#cursor = passed.lastId;
      this.#seriesInPass += passed.series;
      this.#owed -= passed.rows * heartbeatMs;
      share -= passed.rows;
    }
  }

  /** How many objects the time that has passed makes due: all of them at most, however long nothing could be sent. */
  #share(): number {
    const { store, clock, intervalMs, heartbeatMs } = this.#options;
    const count = store.countObjects();
    const nowMs = clock.now();
    const passedMs = nowMs - (this.#owedUntilMs ?? nowMs - intervalMs);
    this.#owed = Math.min(count * heartbeatMs, this.#owed + count * Math.max(0, passedMs));
    this.#owedUntilMs = nowMs;
    return Math.floor(this.#owed / heartbeatMs);
  }

  #endPass(): void {
    this.#cursor = 0;
    this.#liveSeries = this.#seriesInPass;
    this.#seriesInPass = 0;
  }

  /** The next rows, at most so many, and what to send of them; undefined at the end of a pass. */
  async #pass(limit: number): Promise<Passed | undefined> {
    const slice = new TimeSlice();
    const rows = this.#options.store.seriesRowsAfter(this.#cursor, limit);
    const ids: number[] = [];
    const objects: GaugeObject[] = [];
    let series = 0;
    for (const row of rows) {
      if (this.#options.isBlind(row.watchId)) continue;
      const now = this.#options.pointsOf(row);
      series += now?.series.length ?? 0;
      // What is pinned goes out as a change, with what it ended. All of it: what always changes would never come by here.
      if (this.#pins.has(row)) this.#pins.demandAll(row);
      else if (now !== undefined) {
        ids.push(row.id);
        objects.push({ identity: now.identity, points: listPoints(now), ended: [] });
      }
      await slice.breathe();
    }
    const last = rows.at(-1);
    return last && { rows: rows.length, lastId: last.id, series, ids, objects };
  }

  async #send(
    objects: readonly GaugeObject[],
    how: { readonly unchanged: boolean; readonly signal: AbortSignal },
  ): Promise<Delivery> {
    if (objects.length === 0) return "delivered";
    const { clock, exporter, report } = this.#options;
    const { unchanged, signal } = how;
    let startedMs = clock.now();
    const result = await this.#inTurn(() => {
      startedMs = clock.now();
      return exporter.gauges({ objects, timeMs: startedMs, unchanged }, signal);
    });
    const items = objects.reduce(
      (sum, object) => sum + object.points.length + object.ended.length,
      0,
    );
    if (result.type === "accepted")
      report({
        type: "exported",
        signal: "metrics",
        items: Math.max(0, items - result.rejected),
        durationMs: clock.now() - startedMs,
      });
    return this.#settle(result, items);
  }

  /**
   * Makes requests one by one, objects' and aggregates': the times of all points rise from each to the next. Prometheus
   * derives target_info from a request's oldest point, and takes none that is older than what it has.
   */
  #inTurn(request: () => Promise<SendResult>): Promise<SendResult> {
    const result = this.#turn.then(request, request);
    this.#turn = result;
    return result;
  }

  /** Whether to go on: a refusal for good is said and passed over, anything else is tried again with newer points. */
  #settle(result: SendResult, items = 0): Delivery {
    const { clock, report } = this.#options;
    switch (result.type) {
      case "accepted":
        if (result.rejected > 0)
          report({
            type: "export-rejected",
            signal: "metrics",
            items: result.rejected,
            of: items === 0 ? undefined : items,
            message: result.message,
          });
        if (this.#failingSinceMs !== undefined)
          report({
            type: "export-recovered",
            signal: "metrics",
            failedMs: clock.now() - this.#failingSinceMs,
          });
        this.#failingSinceMs = undefined;
        this.#delays.reset();
        this.resume();
        return result.rejected === 0 ? "delivered" : "passed-over";
      case "too-large":
      case "refused":
        report({ type: "export-refused", signal: "metrics", items, error: result.error });
        return "passed-over";
      case "retryable":
      case "unwelcome":
        this.#pause(result);
        return "failed";
      case "aborted":
        return "failed";
      default:
        return unreachable(result);
    }
  }

  #pause(reason: PauseReason): void {
    const { clock, report } = this.#options;
    this.#failingSinceMs ??= clock.now();
    this.#pausedUntilMs = clock.now() + this.#delays.next(reason);
    const type = reason.type === "retryable" ? "export-failed" : "export-unwelcome";
    report({ type, signal: "metrics", error: reason.error });
  }
}

/** What is to be said where the first is out there and the second is true now; undefined: nothing. */
function changesOf(
  exported: ObjectPoints | undefined,
  now: ObjectPoints | undefined,
): GaugeObject | undefined {
  const identity = now?.identity ?? exported?.identity;
  if (identity === undefined) return undefined;
  const { changed, ended } = compareSeries(exported, now);
  return changed.length + ended.length === 0 ? undefined : { identity, points: changed, ended };
}
