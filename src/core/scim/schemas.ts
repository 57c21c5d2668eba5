/** The schemas that are served, as RFC 7643 sections 4 and 7 define them; they also steer how input is read. */

export const USER_SCHEMA = "urn:ietf:params:scim:schemas:core:2.0:User";
export const GROUP_SCHEMA = "urn:ietf:params:scim:schemas:core:2.0:Group";
export const ENTERPRISE_USER_SCHEMA = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";

export type ResourceType = "User" | "Group";

/** An attribute in the terms of RFC 7643 section 7. */
export interface Attribute {
  readonly name: string;
  readonly type: "string" | "boolean" | "integer" | "reference" | "binary" | "complex";
  readonly multiValued: boolean;
  readonly description: string;
  readonly required: boolean;
  readonly caseExact: boolean;
  readonly mutability: "readWrite" | "readOnly" | "writeOnly";
  readonly returned: "default" | "always" | "never";
  readonly uniqueness: "none" | "server";
  readonly referenceTypes?: readonly string[];
  readonly subAttributes?: readonly Attribute[];
}

export interface Schema {
  readonly id: string;
  readonly name: string;
  readonly description: string;
  readonly attributes: readonly Attribute[];
}

export function attribute(name: string, description: string, more: Partial<Attribute> = {}): Attribute {
  return {
    name,
    type: "string",
    multiValued: false,
    description,
    required: false,
    caseExact: false,
    mutability: "readWrite",
    returned: "default",
    uniqueness: "none",
    ...more,
  };
}

export function complex(name: string, description: string, subAttributes: readonly Attribute[]): Attribute {
  return attribute(name, description, { type: "complex", subAttributes });
}

/** A list of values with the usual sub-attributes (RFC 7643 section 2.4). */
function plural(name: string, description: string, more: Partial<Attribute> = {}): Attribute {
  return attribute(name, description, {
    type: "complex",
    multiValued: true,
    subAttributes: [
      attribute("value", "The value."),
      attribute("display", "A name for people to read."),
      attribute("type", "What the value is used for."),
      attribute("primary", "Whether this is the preferred value.", { type: "boolean" }),
    ],
    ...more,
  });
}

export function reference(name: string, description: string, referenceTypes: readonly string[]): Attribute {
  return attribute(name, description, { type: "reference", caseExact: true, referenceTypes });
}

export const readOnly = (attributes: readonly Attribute[]): Attribute[] =>
  attributes.map((each) => ({ ...each, mutability: "readOnly" }));

/** What every resource has without its schema naming it (RFC 7643 section 3.1). */
const COMMON: readonly Attribute[] = [
  attribute("schemas", "The resource's schemas.", {
    multiValued: true,
    mutability: "readOnly",
    returned: "always",
  }),
  attribute("id", "The resource's id here.", {
    caseExact: true,
    mutability: "readOnly",
    returned: "always",
    uniqueness: "server",
  }),
  attribute("externalId", "The resource's id at the client.", { caseExact: true }),
  attribute("meta", "Facts about the resource.", { type: "complex", mutability: "readOnly" }),
];

const User: Schema = {
  id: USER_SCHEMA,
  name: "User",
  description: "A person who may own API keys",
  attributes: [
    attribute("userName", "The name by which the person signs in; also matched with their identity token.", {
      required: true,
      uniqueness: "server",
    }),
    complex("name", "The parts of the person's name.", [
      attribute("formatted", "The full name."),
      attribute("familyName", "The family name."),
      attribute("givenName", "The given name."),
      attribute("middleName", "The middle names."),
      attribute("honorificPrefix", "The title before the name."),
      attribute("honorificSuffix", "The suffix after the name."),
    ]),
    attribute("displayName", "The name to be shown."),
    attribute("nickName", "A casual name."),
    reference("profileUrl", "A page about the person.", ["external"]),
    attribute("title", "The person's title."),
    attribute("userType", "The person's relation to the organisation."),
    attribute("preferredLanguage", "Languages that the person prefers."),
    attribute("locale", "The person's locale."),
    attribute("timezone", "The person's time zone."),
    attribute("active", "False revokes all of the person's API keys, for good.", { type: "boolean" }),
    attribute("password", "Never kept.", { mutability: "writeOnly", returned: "never" }),
    plural("emails", "E-mail addresses."),
    plural("phoneNumbers", "Telephone numbers."),
    plural("ims", "Instant messaging addresses."),
    plural("photos", "Links to photos."),
    attribute("addresses", "Postal addresses.", {
      type: "complex",
      multiValued: true,
      subAttributes: [
        attribute("formatted", "The whole address."),
        attribute("streetAddress", "Street and house."),
        attribute("locality", "City."),
        attribute("region", "State or region."),
        attribute("postalCode", "Postal code."),
        attribute("country", "Country."),
        attribute("type", "What the address is used for."),
        attribute("primary", "Whether this is the preferred address.", { type: "boolean" }),
      ],
    }),
    attribute("groups", "The groups that the person is a member of.", {
      type: "complex",
      multiValued: true,
      mutability: "readOnly",
      subAttributes: readOnly([
        attribute("value", "The group's id."),
        reference("$ref", "The group.", ["Group"]),
        attribute("display", "The group's name."),
        attribute("type", "How the person is a member: `direct`."),
      ]),
    }),
    plural("entitlements", "Entitlements; they mean nothing here."),
    plural("roles", "Roles: `admin`, `<vaultId>:developer` or `*:developer`; others mean nothing here."),
    plural("x509Certificates", "Certificates."),
  ],
};

const Group: Schema = {
  id: GROUP_SCHEMA,
  name: "Group",
  description: "People who share a role, if the group is named after one",
  attributes: [
    attribute(
      "displayName",
      "`admin`, `<vaultId>:developer` or `*:developer`; other names mean nothing here.",
      {
        required: true,
      },
    ),
    attribute("members", "The people in the group.", {
      type: "complex",
      multiValued: true,
      subAttributes: [
        attribute("value", "The person's id."),
        ...readOnly([
          reference("$ref", "The person.", ["User"]),
          attribute("display", "The person's name."),
          attribute("type", "What the member is: `User`."),
        ]),
      ],
    }),
  ],
};

const EnterpriseUser: Schema = {
  id: ENTERPRISE_USER_SCHEMA,
  name: "EnterpriseUser",
  description: "A person's place in an enterprise",
  attributes: [
    attribute("employeeNumber", "The person's number."),
    attribute("costCenter", "The cost centre."),
    attribute("organization", "The organisation."),
    attribute("division", "The division."),
    attribute("department", "The department."),
    complex("manager", "The person's manager.", [
      attribute("value", "The manager's id."),
      reference("$ref", "The manager.", ["User"]),
      attribute("displayName", "The manager's name."),
    ]),
  ],
};

export const SCHEMAS: readonly Schema[] = [User, Group, EnterpriseUser];

const SCHEMA_OF = { User, Group } as const;

/** The attributes that a resource has outside extensions. */
function attributesOf(type: ResourceType): readonly Attribute[] {
  return [...COMMON, ...SCHEMA_OF[type].attributes];
}

/** An attribute by its name in any letter case; `schema` is `null` outside extensions. */
export function findAttribute(
  type: ResourceType,
  schema: string | null,
  name: string,
): Attribute | undefined {
  const attributes =
    schema === null ? attributesOf(type) : (SCHEMAS.find(({ id }) => sameName(id, schema))?.attributes ?? []);
  return attributes.find((each) => sameName(each.name, name));
}

/** Attributes whose letter case counts (RFC 7643 section 3.1); in all others it does not. */
const CASE_EXACT: readonly string[] = ["id", "externalid"];

export function isCaseExact(name: string): boolean {
  return CASE_EXACT.includes(name.toLowerCase());
}

/** Names of attributes and schemas are the same in any letter case (RFC 7643 section 2.1). */
export function sameName(a: string, b: string): boolean {
  return a.toLowerCase() === b.toLowerCase();
}

/** Whether a top-level key is the name of an extension's schema. */
export function isExtension(key: string): boolean {
  return /^urn:/i.test(key);
}
