import type { ErrorBody } from "../core/http/error-response.ts";
import { seenText } from "../core/organization/plain-name.ts";
import { isRefusal, type Refusal, type Result } from "../core/refusal.ts";
import { link } from "./paths.ts";

/** A refusal of the control API, which has it in its log under an id of its own. */
export interface ApiRefusal extends Refusal {
  readonly correlationId: string;
}
export type ApiResult<T> = Result<T, ApiRefusal>;

type Query = Readonly<Record<string, string | undefined>>;
type Method = "GET" | "POST" | "PUT" | "PATCH" | "DELETE";

/** The control API with the access token of the person signed in. Paths are those of its OpenAPI document. */
export class Api {
  readonly #call: (request: Request) => Promise<Response>;
  readonly #origin: string;
  readonly #headers: Readonly<Record<string, string>>;

  /** `origin`: the gateway's. `address`: the client's. */
  constructor(
    call: (request: Request) => Promise<Response>,
    {
      origin,
      address,
      accessToken,
    }: { readonly origin: string; readonly address: string; readonly accessToken: string },
  ) {
    this.#call = call;
    this.#origin = origin;
    this.#headers = { Authorization: `Bearer ${accessToken}`, "CF-Connecting-IP": address };
  }

  /** Reads; parameters that are `undefined` or empty are left out. */
  get<T>(path: string, query: Query = {}): Promise<ApiResult<T>> {
    return this.#send<T>("GET", link(path, query));
  }

  /** Reads in another form than JSON, as it comes. */
  async stream(path: string, query: Query, accept: string): Promise<ApiResult<ReadableStream>> {
    const response = await this.#fetch("GET", link(path, query), { Accept: accept });
    return isRefusal(response) ? response : (response.body ?? new Blob([]).stream());
  }

  /**
   * Changes something. `version` is the one that is meant, as `If-Match` says it; `request` names the request, so that
   * it does its work once; an empty name is none.
   */
  change<T = void>(
    method: Exclude<Method, "GET">,
    path: string,
    body?: object,
    { version, request }: { readonly version?: number; readonly request?: string } = {},
  ): Promise<ApiResult<T>> {
    return this.#send<T>(method, path, body, {
      ...(version !== undefined && { "If-Match": `"${version}"` }),
      ...(request && { "Idempotency-Key": request }),
    });
  }

  async #send<T>(
    method: Method,
    path: string,
    body?: object,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<ApiResult<T>> {
    const json = body !== undefined && { "Content-Type": "application/json" };
    const response = await this.#fetch(method, path, { ...json, ...headers }, body);
    if (isRefusal(response)) return response;
    return (response.status === 204 ? undefined : await readJson(response)) as T;
  }

  async #fetch(
    method: Method,
    path: string,
    headers: Readonly<Record<string, string>>,
    body?: object,
  ): Promise<ApiResult<Response>> {
    const response = await this.#call(
      new Request(this.#origin + path, {
        method,
        headers: { ...this.#headers, ...headers },
        ...(body !== undefined && { body: JSON.stringify(body) }),
      }),
    );
    return response.ok ? response : refusalIn((await readJson(response)) as ErrorBody);
  }
}

/** Names, reasons and the like are what people have written: pages show none of their letters that cannot be seen. */
async function readJson(response: Response): Promise<unknown> {
  return JSON.parse(await response.text(), (_, value: unknown) =>
    typeof value === "string" ? seenText(value) : value,
  );
}

function refusalIn({ error: { code, details, correlationId } }: ErrorBody): ApiRefusal {
  return { code, ...(details && { details }), correlationId };
}
