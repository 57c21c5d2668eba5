import { attribute, complex, readOnly, reference, type Attribute, type Schema } from "./schemas.ts";

/** The schemas of the resources that describe the service itself (RFC 7643 sections 5 to 7 and 8.7.2). */

export const SCHEMA_SCHEMA = "urn:ietf:params:scim:schemas:core:2.0:Schema";
export const RESOURCE_TYPE_SCHEMA = "urn:ietf:params:scim:schemas:core:2.0:ResourceType";
export const PROVIDER_SCHEMA = "urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig";

const required = { required: true } as const;
const several = { multiValued: true } as const;

function flag(name: string, description: string): Attribute {
  return attribute(name, description, { type: "boolean", ...required });
}

function feature(name: string, description: string, more: readonly Attribute[] = []): Attribute {
  const supported = flag("supported", "Whether the service can do it.");
  return { ...complex(name, description, [supported, ...more]), ...required };
}

function limit(name: string, description: string): Attribute {
  return attribute(name, description, { type: "integer", ...required });
}

/** What nobody may set, sub-attributes included. */
function served(attributes: readonly Attribute[]): Attribute[] {
  return readOnly(attributes).map((each) =>
    each.subAttributes === undefined ? each : { ...each, subAttributes: served(each.subAttributes) },
  );
}

const Provider: Schema = {
  id: PROVIDER_SCHEMA,
  name: "ServiceProviderConfig",
  description: "What the service can do",
  attributes: served([
    reference("documentationUri", "A page for people.", ["external"]),
    feature("patch", "Partial changes."),
    feature("bulk", "Many changes in one request.", [
      limit("maxOperations", "The most operations in one request."),
      limit("maxPayloadSize", "The largest body in bytes."),
    ]),
    feature("filter", "Filters.", [limit("maxResults", "The most resources of one answer.")]),
    feature("changePassword", "Changing passwords."),
    feature("sort", "Sorting."),
    feature("etag", "Versions of resources."),
    {
      ...complex("authenticationSchemes", "How clients are known.", [
        attribute("type", "The kind of scheme.", required),
        attribute("name", "Its name.", required),
        attribute("description", "What it is.", required),
        reference("specUri", "Its specification.", ["external"]),
        reference("documentationUri", "A page for people.", ["external"]),
        attribute("primary", "Whether it is the preferred one.", { type: "boolean" }),
      ]),
      ...several,
      ...required,
    },
  ]),
};

const ResourceTypeSchema: Schema = {
  id: RESOURCE_TYPE_SCHEMA,
  name: "ResourceType",
  description: "A type of resources",
  attributes: served([
    attribute("id", "The type's id."),
    attribute("name", "The type's name.", required),
    attribute("description", "What it is."),
    { ...reference("endpoint", "Where its resources are.", ["uri"]), ...required },
    { ...reference("schema", "Its schema.", ["uri"]), ...required },
    {
      ...complex("schemaExtensions", "Schemas that its resources may have besides.", [
        { ...reference("schema", "The schema.", ["uri"]), ...required },
        flag("required", "Whether every resource has it."),
      ]),
      ...several,
    },
  ]),
};

/** What an attribute is described by; `subAttributes` are described in the same way. */
const description: readonly Attribute[] = [
  attribute("name", "The attribute's name.", { ...required, caseExact: true }),
  attribute("type", "The type of its values.", required),
  flag("multiValued", "Whether it has a list of values."),
  attribute("description", "What it is."),
  flag("required", "Whether a resource must have it."),
  attribute("canonicalValues", "Values that are suggested.", { ...several, caseExact: true }),
  attribute("caseExact", "Whether letter case counts.", { type: "boolean" }),
  attribute("mutability", "Who may set it.", { caseExact: true }),
  attribute("returned", "When it is returned.", { caseExact: true }),
  attribute("uniqueness", "Among which resources a value is the only one.", { caseExact: true }),
  attribute("referenceTypes", "What it may lead to.", { ...several, caseExact: true }),
];

const SchemaSchema: Schema = {
  id: SCHEMA_SCHEMA,
  name: "Schema",
  description: "The attributes of a type of resources",
  attributes: served([
    attribute("id", "The schema's URI.", required),
    attribute("name", "The schema's name.", required),
    attribute("description", "What it is."),
    {
      ...complex("attributes", "The attributes.", [
        ...description,
        { ...complex("subAttributes", "The parts of a complex value.", description), ...several },
      ]),
      ...several,
      ...required,
    },
  ]),
};

export const SERVICE_SCHEMAS: readonly Schema[] = [Provider, ResourceTypeSchema, SchemaSchema];
