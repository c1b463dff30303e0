import { randomBytes } from "node:crypto";
import type { AdminClient, NewObject } from "../testbed/admin-client.ts";
import type { Canaries } from "./canaries.ts";
import { SPECIMENS, type Mint, type Specimen } from "./specimens.ts";

export type WrittenObject = {
  readonly name: string;
  /** Its key in `SPECIMENS`. */
  readonly kind: string;
  readonly uid: string;
  readonly reference: NewObject;
  /** What stands in its changed state and is no secret. */
  readonly harmless: string;
};

/** Creates, changes and deletes specimens, each state with secrets of its own. */
export class Writer {
  readonly #admin: AdminClient;
  readonly #canaries: Canaries;

  constructor(admin: AdminClient, canaries: Canaries) {
    this.#admin = admin;
    this.#canaries = canaries;
  }

  /** One of each kind. */
  async create(prefix: string): Promise<readonly WrittenObject[]> {
    return await Promise.all(
      Object.entries(SPECIMENS).map(async ([kind, specimen]) => {
        const name = `${prefix}-${kind.toLowerCase()}`;
        const { object, status } = specimen(name, this.#mint(name, harmlessText(kind)), false);
        const { metadata } = await this.#admin.create(object);
        if (status !== undefined) await this.#admin.patchStatus(object, status);
        return { name, kind, uid: metadata.uid, reference: object, harmless: harmlessText(kind) };
      }),
    );
  }

  /** All that they hold becomes another. */
  async change(objects: readonly WrittenObject[]): Promise<void> {
    await Promise.all(
      objects.map(async ({ name, kind, harmless }) => {
        const { object, status } = specimenOf(kind)(name, this.#mint(name, harmless), true);
        await this.#admin.patch(object, object);
        if (status !== undefined) await this.#admin.patchStatus(object, status);
      }),
    );
  }

  async delete(objects: readonly WrittenObject[]): Promise<void> {
    await Promise.all(objects.map(({ reference }) => this.#admin.delete(reference)));
  }

  #mint(object: string, harmless: string): Mint {
    return {
      at: (place) => this.#canaries.make({ object, place, inDiff: true }),
      apart: (place) => this.#canaries.make({ object, place, inDiff: false }),
      harmless,
    };
  }
}

function specimenOf(kind: string): (name: string, mint: Mint, isHealthy: boolean) => Specimen {
  const specimen = SPECIMENS[kind];
  if (specimen === undefined) throw new Error(`Cannot write "${kind}": there is no such specimen`);
  return specimen;
}

function harmlessText(kind: string): string {
  return `harmless-${kind.toLowerCase()}-${randomBytes(6).toString("hex")}`;
}
