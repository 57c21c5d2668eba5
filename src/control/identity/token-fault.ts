import { withoutSecrets } from "../../core/key/key-secret.ts";

/** What can be wrong with an access token of the identity provider, for the operator's log. */
export type TokenFaultCode =
  | "no bearer token"
  | "opaque token"
  | "malformed token"
  | "algorithm not allowed"
  | "not an access token"
  | "other issuer"
  | "other audience"
  | "expired"
  | "not valid yet"
  | "issued in the future"
  | "impossible time"
  | "claim missing"
  | "claim of another type"
  | "unknown key"
  | "unusable key"
  | "wrong signature";

/** Callers write part of a detail. */
const MAX_DETAIL_LENGTH = 200;

/** Why a token is not accepted. The caller is never told; no detail holds a secret. */
export class TokenFault {
  readonly code: TokenFaultCode;
  readonly detail: string | null;

  constructor(code: TokenFaultCode, detail: unknown = null) {
    this.code = code;
    this.detail = detail === null ? null : asText(detail);
  }

  /** One line: the code, and the detail if there is one. */
  toString(): string {
    return this.detail === null ? this.code : `${this.code}: ${this.detail}`;
  }
}

function asText(value: unknown): string {
  const text = typeof value === "string" ? value : (JSON.stringify(value) ?? "");
  return withoutSecrets(text).slice(0, MAX_DETAIL_LENGTH);
}
