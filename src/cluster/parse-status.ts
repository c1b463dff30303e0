import { fieldAt, isMap } from "../util/json.ts";

/** What is used of a `metav1.Status`; all but `message` may be missing, because proxies answer too. */
export type KubeStatus = {
  /** The HTTP code that the Status stands for. */
  readonly code?: number;
  /** A word such as `Expired`, `Forbidden`. */
  readonly reason?: string;
  readonly message: string;
  readonly retryAfterMs?: number;
  /** Reasons of `details.causes`, such as `ResourceVersionTooLarge`. */
  readonly causes: readonly string[];
  /** Of a 410 in the middle of a list: the token that goes on with what is there now. */
  readonly continueToken?: string;
};

const MESSAGE_LENGTH_MAX = 1000;

/** Takes any value for a Status (`apimachinery/pkg/apis/meta/v1/types.go`); whatever is no Status has an empty message. */
export function parseStatus(value: unknown): KubeStatus {
  const code = fieldAt(value, "code");
  const reason = fieldAt(value, "reason");
  const message = fieldAt(value, "message");
  const retryAfterSeconds = fieldAt(value, "details", "retryAfterSeconds");
  const causes = fieldAt(value, "details", "causes");
  const token = fieldAt(value, "metadata", "continue");
  return {
    ...(typeof code === "number" ? { code } : {}),
    ...(typeof reason === "string" && reason !== "" ? { reason } : {}),
    ...(typeof retryAfterSeconds === "number" && retryAfterSeconds > 0
      ? { retryAfterMs: retryAfterSeconds * 1000 }
      : {}),
    ...(typeof token === "string" && token !== "" ? { continueToken: token } : {}),
    message: typeof message === "string" ? message.slice(0, MESSAGE_LENGTH_MAX) : "",
    causes: Array.isArray(causes)
      ? causes.flatMap((cause: unknown) => {
          const word = fieldAt(cause, "reason");
          return typeof word === "string" ? [word] : [];
        })
      : [],
  };
}

/** The Status in the body of an answer that is not 2xx; of a body that is no JSON, its first words. */
export function parseStatusText(text: string): KubeStatus {
  try {
    const value: unknown = JSON.parse(text);
    if (isMap(value)) return parseStatus(value);
  } catch {
    // A load balancer's page or plain text: quoted below.
  }
  const words = text
    .replaceAll(/<[^>]*>/g, " ")
    .replaceAll(/\s+/g, " ")
    .trim();
  return { message: words.slice(0, 200), causes: [] };
}
