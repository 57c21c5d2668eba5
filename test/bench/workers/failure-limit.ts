/** So high that what is measured is the refusal of each request, not that of an address that fails too often. */
const LIMIT = 1_000_000_000;

/**
 * The rate-limiting binding. On Cloudflare it counts in the process that runs the Worker, without a call to anything:
 * so it does here.
 */
export default function failureLimit(): RateLimit {
  const counts = new Map<string, number>();
  return {
    limit({ key }) {
      const count = (counts.get(key) ?? 0) + 1;
      counts.set(key, count);
      return Promise.resolve({ success: count <= LIMIT });
    },
  };
}
