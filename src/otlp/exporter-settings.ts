import type { SignalKind } from "./transport.ts";

export type Environment = Readonly<Record<string, string | undefined>>;

/** A variable that is set to something. */
export type Setting = { readonly variable: string; readonly value: string };

/** What a parser says about a value: it, or why not; `shown` replaces a value that holds a secret. */
export type Parsed<Value> =
  | { readonly value: Value }
  | { readonly problem: string; readonly shown?: string };

type Problem = Setting & { readonly message: string };

/** Reads the `OTEL_*` variables and gathers what is wrong with them, each variable at most once. */
export class SettingReader {
  readonly #environment: Environment;
  readonly #problems = new Map<string, Problem>();

  constructor(environment: Environment) {
    this.#environment = environment;
  }

  get problems(): readonly Problem[] {
    return [...this.#problems.values()];
  }

  exactly(variable: string): Setting | undefined {
    const value = this.#environment[variable]?.trim() ?? "";
    return value === "" ? undefined : { variable, value };
  }

  /** The signal's own variable, else the one for all signals. */
  of(signal: SignalKind, suffix: string): Setting | undefined {
    return (
      this.exactly(`OTEL_EXPORTER_OTLP_${signal.toUpperCase()}_${suffix}`) ??
      this.exactly(`OTEL_EXPORTER_OTLP_${suffix}`)
    );
  }

  problem(setting: Setting, message: string, shown: string = setting.value): void {
    const { variable } = setting;
    if (!this.#problems.has(variable))
      this.#problems.set(variable, { variable, value: shown, message });
  }

  /** One of some words, in any case (specification, "Enum"); undefined if unset or none of them. */
  choice<Word extends string>(
    setting: Setting | undefined,
    words: readonly Word[],
  ): Word | undefined {
    if (setting === undefined) return undefined;
    const word = words.find((candidate) => candidate === setting.value.toLowerCase());
    if (word === undefined)
      this.problem(setting, `must be ${words.slice(0, -1).join(", ")} or ${words.at(-1) ?? ""}`);
    return word;
  }

  parsed<Value>(
    setting: Setting | undefined,
    parse: (value: string) => Parsed<Value>,
  ): Value | undefined {
    if (setting === undefined) return undefined;
    const parsed = parse(setting.value);
    if ("value" in parsed) return parsed.value;
    this.problem(setting, parsed.problem, parsed.shown);
    return undefined;
  }
}
