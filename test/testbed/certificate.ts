import {
  createPrivateKey,
  generateKeyPairSync,
  randomBytes,
  sign,
  type KeyObject,
} from "node:crypto";

/** A certificate and its private key, both PEM. */
export type Certificate = { readonly certificatePem: string; readonly keyPem: string };

type CertificateRequest = {
  /** The user's name in a client certificate. */
  readonly commonName: string;
  /** The user's groups in a client certificate. */
  readonly organizations?: readonly string[];
  /** A server certificate is for 127.0.0.1 and localhost. */
  readonly usage: "authority" | "server" | "client";
  readonly notAfter?: Date;
};

const AUTHORITY_NAME = "lifeline-testbed";
const DAY_MS = 86_400_000;

/** A new self-signed certificate authority. Node can read X.509 but not write it, and openssl may not be there. */
export function createAuthority(): Certificate {
  const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  return encodeCertificate(
    { commonName: AUTHORITY_NAME, usage: "authority" },
    { publicKey, privateKey, signingKey: privateKey },
  );
}

/** A new key with a certificate for it that the authority signed; valid for ten days unless it says otherwise. */
export function issueCertificate(authority: Certificate, request: CertificateRequest): Certificate {
  const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  return encodeCertificate(request, {
    publicKey,
    privateKey,
    signingKey: createPrivateKey(authority.keyPem),
  });
}

type Keys = {
  readonly publicKey: KeyObject;
  readonly privateKey: KeyObject;
  readonly signingKey: KeyObject;
};

/** RFC 5280, section 4.1, with ECDSA over P-256 and SHA-256. */
function encodeCertificate(
  request: CertificateRequest,
  { publicKey, privateKey, signingKey }: Keys,
): Certificate {
  const algorithm = sequence(oid("1.2.840.10045.4.3.2"));
  const { notAfter = new Date(Date.now() + 10 * DAY_MS) } = request;
  const notBefore = new Date(Math.min(Date.now(), notAfter.getTime()) - DAY_MS);
  const tbs = sequence(
    tlv(0xa0, integer(Buffer.from([2]))),
    integer(Buffer.concat([Buffer.from([1]), randomBytes(8)])),
    algorithm,
    name(AUTHORITY_NAME, []),
    sequence(utcTime(notBefore), utcTime(notAfter)),
    name(request.commonName, request.organizations ?? []),
    publicKey.export({ type: "spki", format: "der" }),
    tlv(0xa3, sequence(...extensions(request.usage))),
  );
  const der = sequence(tbs, algorithm, bitString(sign("sha256", tbs, signingKey)));
  const base64 = der.toString("base64").replace(/.{64}/g, "$&\n").trimEnd();
  return {
    certificatePem: `-----BEGIN CERTIFICATE-----\n${base64}\n-----END CERTIFICATE-----\n`,
    keyPem: privateKey.export({ type: "pkcs8", format: "pem" }).toString(),
  };
}

function extensions(usage: CertificateRequest["usage"]): readonly Buffer[] {
  if (usage === "authority") {
    return [
      extension("2.5.29.19", sequence(tlv(0x01, Buffer.from([0xff])))), // basicConstraints: CA
      extension("2.5.29.15", tlv(0x03, Buffer.from([1, 0x06]))), // keyUsage: keyCertSign, cRLSign
    ];
  }
  const digitalSignature = extension("2.5.29.15", tlv(0x03, Buffer.from([7, 0x80])));
  if (usage === "client")
    return [digitalSignature, extension("2.5.29.37", sequence(oid("1.3.6.1.5.5.7.3.2")))];
  const names = sequence(
    tlv(0x82, Buffer.from("localhost")),
    tlv(0x87, Buffer.from([127, 0, 0, 1])),
  );
  return [
    digitalSignature,
    extension("2.5.29.37", sequence(oid("1.3.6.1.5.5.7.3.1"))),
    extension("2.5.29.17", names),
  ];
}

function extension(id: string, value: Buffer): Buffer {
  return sequence(oid(id), tlv(0x04, value));
}

function name(commonName: string, organizations: readonly string[]): Buffer {
  const attribute = (id: string, text: string): Buffer =>
    tlv(0x31, sequence(oid(id), tlv(0x0c, Buffer.from(text))));
  return sequence(
    ...organizations.map((text) => attribute("2.5.4.10", text)),
    attribute("2.5.4.3", commonName),
  );
}

function utcTime(time: Date): Buffer {
  const digits = time.toISOString().replace(/[^0-9]/g, "");
  return tlv(0x17, Buffer.from(`${digits.slice(2, 14)}Z`));
}

function oid(dotted: string): Buffer {
  const [first = 0, second = 0, ...rest] = dotted.split(".").map(Number);
  return tlv(0x06, Buffer.from([first * 40 + second, ...rest.flatMap(base128)]));
}

function base128(value: number): readonly number[] {
  const bytes = [value % 128];
  for (let left = Math.floor(value / 128); left > 0; left = Math.floor(left / 128))
    bytes.unshift((left % 128) + 128);
  return bytes;
}

function integer(value: Buffer): Buffer {
  return tlv(0x02, value);
}

function bitString(value: Buffer): Buffer {
  return tlv(0x03, Buffer.concat([Buffer.from([0]), value]));
}

function sequence(...parts: readonly Buffer[]): Buffer {
  return tlv(0x30, ...parts);
}

/** Tag, length, value: the one shape of DER (X.690, section 8.1). */
function tlv(tag: number, ...parts: readonly Buffer[]): Buffer {
  const value = Buffer.concat(parts);
  if (value.length < 128) return Buffer.concat([Buffer.from([tag, value.length]), value]);
  const length = Buffer.from(
    value.length.toString(16).padStart(value.length > 255 ? 4 : 2, "0"),
    "hex",
  );
  return Buffer.concat([Buffer.from([tag, 0x80 + length.length]), length, value]);
}
