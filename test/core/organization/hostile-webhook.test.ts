import * as fc from "fast-check";
import { Webhook } from "standardwebhooks";
import { describe, expect, test } from "vitest";
import {
  generateWebhookSecret,
  KEY_EVENTS,
  webhookPayload,
  webhookBounds,
  webhookUrlProblem,
} from "../../../src/core/organization/webhook.ts";
import { send } from "../../../src/state/organization/webhook/webhook-sender.ts";
import { always, jsonWith, runs } from "../../support/fuzz.ts";

const OUTSIDE = { allowLoopback: false, own: ["https://gateway.example.com"] };

describe("a webhook's URL", () => {
  const OCTET = fc.nat(255);
  /** Addresses of inner networks, of this machine, and of nobody. */
  const INNER = fc.oneof(
    fc.tuple(fc.constantFrom(0, 10, 127, 224, 240, 255), OCTET, OCTET, OCTET),
    fc.tuple(fc.constant(172), fc.integer({ min: 16, max: 31 }), OCTET, OCTET),
    fc.tuple(fc.constant(192), fc.constant(168), OCTET, OCTET),
    fc.tuple(fc.constant(169), fc.constant(254), OCTET, OCTET),
    fc.tuple(fc.constant(100), fc.integer({ min: 64, max: 127 }), OCTET, OCTET),
  );
  type Octets = readonly [number, number, number, number];
  const numberOf = ([a, b, c, d]: Octets) => ((a * 256 + b) * 256 + c) * 256 + d;
  const SPELLING = fc.constantFrom<(octets: Octets) => string>(
    (octets) => octets.join("."),
    (octets) => `${octets.join(".")}.`,
    (octets) => octets.map((octet) => `0x${octet.toString(16)}`).join("."),
    (octets) => octets.map((octet) => `0${octet.toString(8)}`).join("."),
    (octets) => `${numberOf(octets)}`,
    (octets) => `0x${numberOf(octets).toString(16)}`,
    ([a, ...rest]) => `${a}.${numberOf([0, ...rest])}`,
    (octets) => `[::ffff:${octets.join(".")}]`,
    (octets) => octets.map((octet) => `${octet}`.replaceAll(/\d/g, "%3$&")).join("."),
    (octets) => octets.join("。"),
  );
  const REST = fc.tuple(
    fc.constantFrom("https://", "HTTPS://", "https:", "https:///", "http://", "https:\\\\"),
    fc.constantFrom("", ":8443", "/", "/a?b=c", "\\x"),
  );

  test("never leads into a network, however its address is written", () => {
    always(fc.tuple(INNER, SPELLING, REST), ([octets, spell, [scheme, rest]]) => {
      expect(webhookUrlProblem(`${scheme}${spell(octets)}${rest}`, OUTSIDE)).not.toBeNull();
    });
  });

  test.each(
    `metadata.goog METADATA.GOOG. 7f000001.c0a80001.rbndr.us 10-0-0-1.local-ip.co my.local-ip.co
    x.backname.io localhost.direct app.localhost.direct. 10-0-0-1.my.plex.direct 168.63.129.16 0xa83f8110
    [::ffff:168.63.129.16] 100.100.100.200 192.0.0.192 [fd00:ec2::254] 192.0.2.1 198.51.100.1 203.0.113.1
    198.18.0.1 [2002:a00:1::] [2001:db8::1]`.split(/\s+/),
  )("leads neither to what a cloud tells its machines nor by a name to any address: %s", (host) => {
    expect(webhookUrlProblem(`https://${host}/`, OUTSIDE)).not.toBeNull();
  });

  test.each(["hooks.example.com", "notnip.io.example.com", "mylocalhost.direct", "168.63.129.17"])(
    "may be that of another host: %s",
    (host) => expect(webhookUrlProblem(`https://${host}/`, OUTSIDE)).toBeNull(),
  );

  test("leads to nothing of the deployment's own, by whichever setting it is known", () => {
    const { allowLoopback, own } = webhookBounds({
      identity: { issuer: "https://login.example.com" },
      origin: { url: "https://api.example.com/v1" },
      origins: new Map([["uploads", { url: "https://uploads.example.com" }]]),
      publicOrigin: "https://gateway.example.com",
      controlHostname: "control.example.com",
    });
    expect(allowLoopback).toBe(false);
    for (const name of ["api", "uploads", "gateway", "control"]) {
      expect(webhookUrlProblem(`https://${name}.example.com:8443/x`, { allowLoopback, own })).toMatch(
        /gateway/,
      );
    }
  });

  test("that is accepted is https, to a host with a name or a public address, and holds no password", () => {
    const HOST = fc.oneof(
      fc.domain(),
      fc.ipV4(),
      fc.ipV6().map((address) => `[${address}]`),
      fc.constantFrom("localhost", "printer", "gateway.example.com"),
    );
    const USER = fc.constantFrom("", "", "user@", "user:password@");
    always(fc.tuple(fc.constantFrom("https", "http", "ftp"), USER, HOST), ([scheme, user, host]) => {
      const text = `${scheme}://${user}${host}/path`;
      if (webhookUrlProblem(text, OUTSIDE) !== null) return;
      const url = new URL(text);
      expect([url.protocol, url.username, url.password]).toEqual(["https:", "", ""]);
      expect(url.hostname).toMatch(/^\[[23][0-9a-f]{3}:|[^.]\.[^.]/);
      expect(url.hostname).not.toBe("gateway.example.com");
    });
  });
});

describe("a webhook's message", () => {
  const DATA = jsonWith(["keyId", "name"], ["Zoë", "\u2028", '"']);
  const [secret, previous, another] = [1, 2, 3].map(generateWebhookSecret) as [string, string, string];

  test("of any data is signed by each of the endpoint's secrets, and by no other", async () => {
    const actual = globalThis.fetch;
    const sent: { body: string; headers: Record<string, string> }[] = [];
    globalThis.fetch = (_, init) => {
      sent.push(init as (typeof sent)[number]);
      return Promise.resolve(new Response(null, { status: 204 }));
    };
    const values = fc.sample(DATA, runs(100));
    try {
      for (const [i, data] of values.entries()) {
        const payload = webhookPayload(
          KEY_EVENTS[i % KEY_EVENTS.length] ?? "webhook.test",
          { data },
          Date.now(),
        );
        await send("https://hooks.example.com/", { id: `msg_${i}`, payload }, [secret, previous], Date.now());
      }
    } finally {
      globalThis.fetch = actual;
    }
    expect(sent).toHaveLength(values.length);
    for (const { body, headers } of sent) {
      for (const own of [secret, previous]) {
        expect(new Webhook(own).verify(body, headers)).toEqual(JSON.parse(body));
      }
      expect(() => new Webhook(another).verify(body, headers)).toThrow("signature");
      expect(() => new Webhook(secret).verify(`${body} `, headers)).toThrow("signature");
    }
  });
});
