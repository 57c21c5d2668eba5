import type { z } from "zod";
import type { Wire } from "./common.ts";

/** A private member is not copied by a spread, so that what has been added to is exact no more. */
declare class Exactness<Json> {
  private readonly held: (json: Json) => Json;
}

/** JSON of a schema without a field that the schema does not declare, at any depth. Only `exactly` makes it. */
export type Exact<Json> = Json & Exactness<Json>;

/**
 * The value as JSON of the schema. A field too few, one too many or one of another type does not compile. TypeScript by
 * itself takes more fields than were asked for, which is how an internal one would get into an answer.
 */
export function exactly<Schema extends z.ZodType, Value extends Wire<Schema>>(
  _schema: Schema,
  value: Value & NoExcess<Excess<Value, Wire<Schema>>>,
): Exact<Wire<Schema>> {
  return value as unknown as Exact<Wire<Schema>>;
}

/** What no value has, so that the compiler's message names the fields. */
type NoExcess<Names> = [Names] extends [never] ? unknown : { readonly undeclared: Names };

/** The names of the fields of `Value` that `Shape` does not declare; `never` if there are none. */
type Excess<Value, Shape> = unknown extends Shape
  ? never
  : Value extends readonly (infer Item)[]
    ? Excess<Item, ItemOf<Shape>>
    : Value extends object
      ? {
          [Name in keyof Value & string]: Name extends FieldOf<Fitting<Value, Shape>>
            ? Excess<Value[Name], FieldIn<Fitting<Value, Shape>, Name>>
            : Name;
        }[keyof Value & string]
      : never;

/** Those of several shapes that a value fits. */
type Fitting<Value, Shape> = Shape extends object ? (Value extends Shape ? Shape : never) : never;
type FieldOf<Shape> = Shape extends unknown ? keyof Shape : never;
type FieldIn<Shape, Name> = Shape extends unknown ? (Name extends keyof Shape ? Shape[Name] : never) : never;
type ItemOf<Shape> = Shape extends readonly (infer Item)[] ? Item : never;
