import autocannon from "autocannon";
import { processorMicros } from "./processors.ts";
import { quantile } from "./statistics.ts";

/** One kind of traffic. */
export interface Variant {
  readonly name: string;
  readonly title: string;
  /** Where a service answers, without a slash at the end. */
  readonly url: string;
  /** Every answer must have it. */
  readonly status: number;
  /** What the next requests of a connection present. */
  readonly credentials: (count: number) => readonly string[];
  /** Seconds of traffic before a measurement begins: until leases are there, connections open, and every key known. */
  readonly leadInS: number;
}

export interface Measurement {
  readonly requestsPerSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** Processor time of workerd for each request; `null` where it is not known. */
  readonly processorMicros: number | null;
  /** The share of one processor that workerd has used: when far below 1, something else was in the way. */
  readonly busy: number | null;
}

const PATH = "/v1/vaults/vault_3f8a2c1d9b/balances";
const CONNECTIONS = 32;
/** A machine that others keep busy may answer late; it must answer. */
const TIMEOUT_S = 60;
/** More than any variant answers on one connection, so that what is to be different for each request is. */
const MAX_REQUESTS_PER_SECOND = 1000;

/** A request as Cloudflare hands it to a Worker: with the client's own headers and those of the platform. */
const HEADERS = {
  Accept: "application/json",
  "Accept-Encoding": "gzip, br",
  "User-Agent": "integration/1.0",
  "CF-Connecting-IP": "203.0.113.7",
  "CF-IPCountry": "NL",
  "CF-Ray": "8f2c1a9b3d4e5f60-AMS",
  "CF-Visitor": '{"scheme":"https"}',
  "X-Forwarded-Proto": "https",
  "X-Real-IP": "203.0.113.7",
};

/** Sends as much traffic as is answered, for some seconds, and measures workerd's part. Throws at any wrong answer. */
export async function measure(variant: Variant, workerdPid: number, seconds: number): Promise<Measurement> {
  const latencies: number[] = [];
  let startedAt = Number.POSITIVE_INFINITY;
  let microsBefore: number | null = null;
  const start = () => {
    startedAt = performance.now();
    microsBefore = processorMicros(workerdPid);
  };
  const result = await sendTraffic(variant, variant.leadInS + seconds, (load) => {
    load.on("start", () => setTimeout(start, variant.leadInS * 1000));
    load.on("response", (_client, _status, _bytes, latencyMs) => {
      if (performance.now() >= startedAt) latencies.push(latencyMs);
    });
  });
  const elapsedS = (performance.now() - startedAt) / 1000;
  const micros = processorMicros(workerdPid);
  checkAnswers(variant, result);
  const used = micros === null || microsBefore === null ? null : micros - microsBefore;
  return {
    requestsPerSecond: latencies.length / elapsedS,
    p50Ms: quantile(latencies, 0.5),
    p99Ms: quantile(latencies, 0.99),
    processorMicros: used === null ? null : used / latencies.length,
    busy: used === null ? null : used / 1e6 / elapsedS,
  };
}

function sendTraffic(
  { url, credentials }: Variant,
  duration: number,
  observe: (load: autocannon.Instance) => void,
): Promise<autocannon.Result> {
  const count = Math.ceil(duration * MAX_REQUESTS_PER_SECOND);
  const options: autocannon.Options = {
    url: url + PATH,
    connections: CONNECTIONS,
    duration,
    timeout: TIMEOUT_S,
    sampleInt: 100,
    headers: HEADERS,
    setupClient: (client) => client.setRequests(credentials(count).map(requestWith)),
  };
  return new Promise((resolve, reject) => {
    observe(autocannon(options, (error, result) => (error ? reject(error as Error) : resolve(result))));
  });
}

function requestWith(credential: string): autocannon.Request {
  return { headers: { authorization: `Bearer ${credential}` } };
}

function checkAnswers({ title, status }: Variant, result: autocannon.Result): void {
  const { errors, timeouts, statusCodeStats = {} } = result;
  const others = Object.keys(statusCodeStats).filter((code) => Number(code) !== status);
  if (errors > 0 || timeouts > 0 || others.length > 0) {
    const seen = JSON.stringify({ errors, timeouts, statusCodeStats });
    throw new Error(`${title}: every answer should have been ${status}, but: ${seen}`);
  }
}
