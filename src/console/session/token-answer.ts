/**
 * A provider's answer with tokens without what has no value: some write `null` or an empty text for what they leave out,
 * which means the same (RFC 6749 section 3.2) and is none of the types that are looked for.
 */
export async function withoutEmpty(response: Response): Promise<Response> {
  if (!response.ok) return response;
  const body: unknown = await response
    .clone()
    .json()
    .catch(() => null);
  if (typeof body !== "object" || body === null || Array.isArray(body)) return response;
  const stated = Object.entries(body).filter(([, value]) => value !== null && value !== "");
  return Response.json(Object.fromEntries(stated), { status: response.status });
}
