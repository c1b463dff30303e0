import { X509Certificate } from "node:crypto";
import { readFile } from "node:fs/promises";
import { createSecureContext } from "node:tls";
import { toError } from "../util/to-error.ts";

/** PEM texts; without `ca` the trust store that Node brings counts. */
export type TlsMaterial = { readonly ca?: string; readonly cert?: string; readonly key?: string };

/** Where they are, as `OTEL_EXPORTER_OTLP_CERTIFICATE`, `_CLIENT_CERTIFICATE` and `_CLIENT_KEY` say. */
export type TlsFiles = {
  readonly certificateFile?: string;
  readonly clientCertificateFile?: string;
  readonly clientKeyFile?: string;
};

const CERTIFICATE = /-----BEGIN CERTIFICATE-----.+?-----END CERTIFICATE-----/gs;

/** Reads the files once, now, and tries them, so that a wrong one shows at start and not with the first request. */
export async function readTlsMaterial(files: TlsFiles): Promise<TlsMaterial | Error> {
  const material: { ca?: string; cert?: string; key?: string } = {};
  const wanted = [
    ["ca", files.certificateFile],
    ["cert", files.clientCertificateFile],
    ["key", files.clientKeyFile],
  ] as const;
  for (const [part, path] of wanted) {
    if (path === undefined) continue;
    try {
      material[part] = await readFile(path, "utf8");
      checkPart(part, material);
    } catch (thrown) {
      const cause = toError(thrown);
      return new Error(
        `Cannot use "${path}" for TLS to the OTLP receiver: ${cause.message}, needs a PEM file`,
        { cause },
      );
    }
  }
  return material;
}

/** Throws on what TLS would fail with later; a key is tried with its certificate, which is read before. */
function checkPart(
  part: keyof TlsMaterial,
  material: { -readonly [Part in keyof TlsMaterial]: TlsMaterial[Part] },
): void {
  if (part === "key") {
    createSecureContext(material);
    return;
  }
  // Of an authority that it can't read createSecureContext says nothing.
  const certificates = material[part]?.match(CERTIFICATE) ?? [];
  if (certificates.length === 0) throw new Error("holds no certificate");
  material[part] = certificates
    .map((certificate) => new X509Certificate(certificate).toString())
    .join("\n");
}
