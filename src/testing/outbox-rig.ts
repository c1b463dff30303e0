import { formatWatchKey, type WatchEvent } from "../cluster/watch-event.ts";
import { createInterpret } from "../lifecycle/interpret.ts";
import type { LogSignal } from "../lifecycle/signal.ts";
import type { ActiveWatch } from "../pipeline/active-watch.ts";
import { CatchUp } from "../pipeline/catch-up.ts";
import { Commit } from "../pipeline/commit.ts";
import { Fold } from "../pipeline/fold.ts";
import { Intake } from "../pipeline/intake.ts";
import { ObjectCounts } from "../pipeline/object-counts.ts";
import { OutboxRoom } from "../pipeline/outbox-room.ts";
import type { PipelineReport } from "../pipeline/report.ts";
import { createActiveWatch } from "./active-watch.ts";
import { createFakeClock } from "./fake-clock.ts";
import type { Store } from "../store/store.ts";
import { DATABASE_KIND, NOW_MS } from "./kube-change.ts";
import { openTemporaryStore } from "./temporary-store.ts";

type Life = {
  readonly watch: ActiveWatch;
  readonly commit: Commit;
  readonly intake: Intake;
  readonly catchUp: CatchUp;
};

/** From a watch's events to the outbox, and back out of it when the test says that the collector takes something. */
export class OutboxRig implements Disposable {
  readonly temporary = openTemporaryStore();
  readonly clock = createFakeClock(NOW_MS);
  readonly reports: PipelineReport[] = [];
  readonly counts = new ObjectCounts();
  /** False: no watch of these objects runs. */
  isWatching = true;
  readonly #maxBytes: number;
  #life: Life;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
    this.#life = this.#begin();
  }

  get watch(): ActiveWatch {
    return this.#life.watch;
  }

  get store(): Store {
    return this.temporary.store;
  }

  /** One more life on the same file; its watch goes on where the last one's was committed. */
  #begin(): Life {
    const { clock, counts } = this;
    const { store } = this.temporary;
    const report = (one: PipelineReport): unknown => this.reports.push(one);
    counts.reset(store.countsByHealth());
    const room = new OutboxRoom({
      store,
      queues: [{ signal: "logs", encoding: "json" }],
      maxBytes: this.#maxBytes,
      clock,
      report,
    });
    const commit = new Commit({
      store,
      clock,
      report,
      room,
      logs: { encoding: "json", encode: (signals) => Buffer.from(JSON.stringify(signals)) },
      committed: (touched) => counts.apply(touched),
    });
    const shared = { store, commit, clock, report, interpret: createInterpret({}) };
    const fold = new Fold({
      ...shared,
      initial: "all",
      minimumSeverity: "INFO",
      pin: () => undefined,
    });
    const { group, resource } = DATABASE_KIND;
    const row = store.openWatch(formatWatchKey({ group, resource }), { group, resource }, "{}");
    const watch = createActiveWatch({
      id: row.id,
      kindId: row.kindId,
      hadHistory: row.positionAt !== null,
      position: row.position ?? undefined,
      lookedAtMs: row.positionAt ?? undefined,
    });
    return {
      watch,
      commit,
      intake: new Intake({ ...shared, fold, counts, redact: (one) => one }),
      catchUp: new CatchUp({
        ...shared,
        room,
        minimumSeverity: "INFO",
        watchOf: ({ watchId }) => (this.isWatching && watchId === watch.id ? watch : undefined),
      }),
    };
  }

  /** What is in memory is gone. */
  crash(): void {
    this.temporary.reopen();
    this.#life = this.#begin();
  }

  get isFull(): boolean {
    return this.#life.commit.isFull;
  }

  async take(...events: readonly WatchEvent[]): Promise<void> {
    await this.#life.intake.take(this.watch, events);
  }

  flush(): void {
    this.#life.commit.flush();
  }

  /** Tells what waits, as far as there is room; answers whether that was all. */
  async catchUp(): Promise<boolean> {
    return await this.#life.catchUp.tell(new AbortController().signal);
  }

  /** The collector takes the oldest requests of the file, at most so many bytes but at least one. */
  deliver(maxBytes = 1e9): readonly LogSignal[] {
    const rows = this.store.outboxBatch("logs", "json", maxBytes);
    this.store.acknowledge(rows.map(({ id }) => id));
    return rows.flatMap(({ body }): LogSignal[] => JSON.parse(Buffer.from(body).toString()));
  }

  [Symbol.dispose](): void {
    this.temporary[Symbol.dispose]();
  }
}
