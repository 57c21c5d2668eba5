import type { CreatedKey, Portcullis } from "./portcullis.ts";

/** What a token endpoint answers when it issues a token. */
export interface TokenAnswer {
  readonly access_token: string;
  readonly token_type: string;
  readonly expires_in: number;
  readonly scope: string;
  readonly vaults: "*" | readonly string[];
}

interface FormOptions {
  /** The key that authenticates the client, by HTTP Basic. */
  readonly client?: CreatedKey;
  readonly from?: string;
  readonly edge?: number;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Sends a form to one of the endpoints of `/-/oauth/`. */
export function postForm(
  { edges }: Pick<Portcullis, "edges">,
  endpoint: string,
  form: Readonly<Record<string, string>>,
  { client, from = "203.0.113.20", edge = 0, headers }: FormOptions = {},
): Promise<Response> {
  return fetch(`${edges[edge]}/-/oauth/${endpoint}`, {
    method: "POST",
    headers: {
      "CF-Connecting-IP": from,
      ...(client && { Authorization: `Basic ${btoa(`${client.id}:${client.key}`)}` }),
      ...headers,
    },
    body: new URLSearchParams(form),
  });
}

/** Exchanges a key for a token. */
export async function exchange(
  portcullis: Pick<Portcullis, "edges">,
  client: CreatedKey,
  form: Readonly<Record<string, string>> = {},
): Promise<TokenAnswer> {
  const answer = await postForm(
    portcullis,
    "token",
    { grant_type: "client_credentials", ...form },
    { client },
  );
  if (answer.status !== 200) throw new Error(`${answer.status} ${await answer.text()}`);
  return await answer.json<TokenAnswer>();
}
