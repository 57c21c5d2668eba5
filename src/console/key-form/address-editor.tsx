import type { FC } from "hono/jsx";
import { FieldGroup, TextArea } from "../parts/fields.tsx";
import { Icon } from "../parts/icons.tsx";
import type { AddressCheck, Preview } from "./preview.ts";

interface Props {
  text: string;
  checks: Preview["addresses"];
  ownAddress: Preview["ownAddress"];
  /** The address of the person who fills in the form. */
  address: string;
  problem: string | undefined;
}

/** Addresses and ranges, a line each, with a remark on each. */
export const AddressEditor: FC<Props> = ({ text, checks, ownAddress, address, problem }) => (
  <FieldGroup name="allowedIps" title="Addresses" problem={problem}>
    <TextArea
      name="addresses"
      label="Allowed addresses"
      hint="IPv4 or IPv6 addresses and CIDR ranges, one on each line. Empty: from anywhere."
      rows={4}
      code
      placeholder={"203.0.113.0/24\n2001:db8::/32"}
      value={text}
    />
    <ul id="address-checks" class="checks" data-swap="" aria-live="polite">
      {checks.map((check) => (
        <Check check={check} />
      ))}
      {checks.length === 0 && (
        <li class="warn">
          <Icon name="alert" /> Anyone who gets the key can use it, from anywhere.
        </li>
      )}
      {ownAddress !== null && address !== "" && (
        <li class="soft">
          <Icon name="compass" />
          <span>
            Your own address, <code>{address}</code>, is {ownAddress ? "" : "not "}among them.
          </span>
        </li>
      )}
    </ul>
  </FieldGroup>
);

const BREADTHS = {
  all: "is every address there is: as good as no restriction.",
  wide: "is a very large part of all addresses.",
} as const;

function remarkOn(breadth: AddressCheck["breadth"], isPrivate: boolean): string | null {
  if (isPrivate) {
    const size = breadth === "wide" ? "is a very large part of all private addresses" : "is private";
    return `${size}: no request from the internet comes from there.`;
  }
  return breadth === null ? null : BREADTHS[breadth];
}

const Check: FC<{ check: AddressCheck }> = ({ check: { text, canonical, problem, breadth, isPrivate } }) => {
  const remark = problem ?? remarkOn(breadth, isPrivate);
  return (
    <li class={remark === null ? "good" : problem === null ? "warn" : "bad"}>
      <Icon name={remark === null ? "check" : "alert"} />
      <span>
        {problem?.startsWith(text) ? null : <code>{text}</code>}{" "}
        {canonical !== null && canonical !== text && (
          <>
            kept as <code>{canonical}</code>{" "}
          </>
        )}
        {remark ?? <span class="visually-hidden">is fine.</span>}
      </span>
    </li>
  );
};
