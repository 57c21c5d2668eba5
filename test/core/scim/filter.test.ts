import { describe, expect, test } from "vitest";
import { matches } from "../../../src/core/scim/filter.ts";
import { parseFilter, parsePath } from "../../../src/core/scim/filter-parser.ts";

const ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";

const USER = {
  id: "2819c223",
  externalId: "00uA",
  userName: "bjensen@example.com",
  name: { formatted: "", familyName: "O'Malley", givenName: "Barbara" },
  title: 'The "boss"',
  active: true,
  nickName: "",
  addresses: [{ street: null, city: "" }],
  emails: [
    { value: "bjensen@example.com", type: "work", primary: true },
    { value: "babs@jensen.org", type: "home" },
  ],
  [ENTERPRISE]: { employeeNumber: 7, department: "Tour Operations", manager: { value: "26118915" } },
  meta: { lastModified: "2026-05-13T04:42:34.000Z" },
};

test.each<[filter: string, matched: boolean]>([
  ['userName eq "bjensen@example.com"', true],
  ['USERNAME Eq "BJENSEN@example.com"', true],
  ['userName eq "bjensen"', false],
  ['id eq "2819C223"', false],
  ['externalId eq "00uA"', true],
  ['externalId eq "00ua"', false],
  ['urn:ietf:params:scim:schemas:core:2.0:User:userName sw "bj"', true],
  ['userName ne "bjensen@example.com"', false],
  ['userName ne "someone"', true],
  ['nickName ne "someone"', true],
  ['name.familyName co "O\'MALLEY"', true],
  ['userName sw "jensen"', false],
  ['userName ew ".com"', true],
  ['userName ew ".org"', false],
  ['title eq "The \\"boss\\""', true],
  ["title pr", true],
  ["nickName pr", false],
  ["displayName pr", false],
  ["addresses pr", false],
  ["name pr", true],
  ["active eq true", true],
  ['active eq "True"', true],
  ["active eq false", false],
  ["active eq TRUE", true],
  ["active ne false", true],
  ["displayName eq null", true],
  ["title eq null", false],
  ['meta.lastModified gt "2026-05-13T04:42:33Z"', true],
  ['meta.lastModified gt "2026-05-13T06:42:34+02:00"', false],
  ['meta.lastModified ge "2026-05-13T06:42:34+02:00"', true],
  ['meta.lastModified lt "2026-05-13T04:42:34Z"', false],
  ['meta.lastModified le "2026-05-13T04:42:34Z"', true],
  ['meta.lastModified ge "2026-05-13T04:42:35Z"', false],
  ['meta.lastModified lt "2026-05-13T04:42:35Z"', true],
  ['meta.lastModified le "2026-05-13T04:42:33.999Z"', false],
  ['userName gt "a"', true],
  ['userName gt "2026-05-13T04:42:34Z"', true],
  ['userName lt "a"', false],
  ['emails eq "babs@jensen.org"', true],
  ['emails ne "babs@jensen.org"', false],
  ['emails ne "someone"', true],
  ['emails.type eq "home"', true],
  ['emails[type eq "work" and value co "@example.com"]', true],
  ['emails[type eq "home" and value co "@example.com"]', false],
  ['emails[type eq "home"].value eq "babs@jensen.org"', true],
  ['emails[type eq "work"].value eq "babs@jensen.org"', false],
  ['emails[not (type eq "work")].value sw "babs"', true],
  [`${ENTERPRISE}:department eq "tour operations"`, true],
  [`${ENTERPRISE}:manager.value eq "26118915"`, true],
  [`${ENTERPRISE}:manager eq "1"`, false],
  [`${ENTERPRISE}:employeeNumber eq 7`, true],
  [`${ENTERPRISE}:employeeNumber eq 8`, false],
  [`${ENTERPRISE}:employeeNumber gt 6`, true],
  [`${ENTERPRISE}:employeeNumber lt 7`, false],
  [`${ENTERPRISE}:employeeNumber co 7`, false],
  [`${ENTERPRISE}:employeeNumber eq "7"`, false],
  ["userName eq 7", false],
  ['title pr and userName sw "x"', false],
  ['title pr or userName sw "x"', true],
  ['displayName pr or userName sw "x"', false],
  ['userName sw "x" and title pr or active eq true', true],
  ['userName sw "x" and (title pr or active eq true)', false],
  ['not (userName sw "x") and title pr', true],
  ["not (title pr)", false],
  ["constructor pr", false],
])("%s is %s", (text, matched) => {
  const filter = parseFilter(text);
  expect(filter).not.toBeNull();
  expect(filter && matches(filter, USER)).toBe(matched);
});

describe("what is no filter is refused", () => {
  test.each([
    "",
    "userName",
    "userName eq",
    "userName eq bjensen",
    'userName xx "a"',
    'userName eq "a" and',
    'userName eq "a" or or title pr',
    '(userName eq "a"',
    'userName eq "a")',
    'not userName eq "a"',
    'emails[type eq "work"',
    "emails[]",
    'emails[type eq "work"].value',
    'name.first.second eq "a"',
    'userName eq "a',
    'userName eq "\\x"',
    "active gt true",
    "active ge true",
    "active lt true",
    "active le true",
    "userName eq {}",
    "emails[type] pr",
    'emails.value[type eq "work"]',
    'urn:ietf:params:scim:schemas:core:2.0:User[type eq "work"]',
    "userName eq 01",
    'urn:ietf:params:scim:schemas:extension:enterprise:2.0:User eq "a"',
  ])("%s", (text) => {
    expect(parseFilter(text)).toBeNull();
  });
});

test.each<[number, boolean]>([
  [32, true],
  [33, false],
  [2000, false],
])("a filter in %i parentheses is read: %s", (depth, isRead) => {
  const grouped = `${"(".repeat(depth)}active pr${")".repeat(depth)}`;
  expect(parseFilter(grouped) !== null).toBe(isRead);
  expect(parsePath(`emails[${grouped}]`) !== null).toBe(isRead && depth < 32);
});

test("a filter of many groups side by side is read", () => {
  expect(parseFilter(Array(40).fill("(active pr)").join(" and "))).not.toBeNull();
});

test.each([
  [4096, true],
  [4097, false],
])("a filter of %i letters is read: %s", (length, isRead) => {
  expect(parseFilter("active pr".padEnd(length)) !== null).toBe(isRead);
});
