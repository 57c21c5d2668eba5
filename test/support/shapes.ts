import { createHash } from "node:crypto";
import { join, resolve } from "node:path";
import {
  isClassDeclaration,
  isIdentifier,
  isMethodDeclaration,
  type ClassDeclaration,
} from "typescript/unstable/ast";
import {
  API,
  SignatureKind,
  SymbolFlags,
  type Checker,
  type Project,
  type Signature,
  type Type,
} from "typescript/unstable/sync";

const ROOT = resolve(import.meta.dirname, "../..");
/** Deeper than any shape that is sent. */
const MAX_DEPTH = 24;
const SHAPE_LETTERS = 8;

/** The public methods of a class, each with a digest of its shape. */
type MethodShapes = Readonly<Record<string, string>>;

/**
 * The public methods of classes, by the file of each and of those that it extends, with a digest of what their arguments and answers are made of, as far
 * down as the types of this project say: it changes with any field of any of them.
 */
export function methodShapes(
  files: Readonly<Record<string, readonly string[]>>,
): Readonly<Record<string, MethodShapes>> {
  const api = new API({ cwd: ROOT });
  try {
    const [project] = api.updateSnapshot({ openProjects: [join(ROOT, "tsconfig.json")] }).getProjects();
    if (project === undefined) throw new Error("No project");
    const shapes = new Shapes(project.checker);
    return Object.fromEntries(
      Object.entries(files).map(([name, chain]) => [
        name,
        Object.assign({}, ...chainOf(project, name, chain).map((each) => shapesOf(each, shapes, project))),
      ]),
    );
  } finally {
    api.close();
  }
}

/** A class and those of ours that it extends, which stand in these files. */
function chainOf(project: Project, name: string, [file, ...others]: readonly string[]): ClassDeclaration[] {
  if (file === undefined) throw new Error(`${name} is in no file`);
  const found = classIn(project, file, name);
  const base = found.heritageClauses?.[0]?.types[0]?.expression;
  if (base === undefined || !isIdentifier(base)) throw new Error(`${name} extends nothing`);
  return [found, ...(base.text === "DurableObject" ? [] : chainOf(project, base.text, others))];
}

function classIn({ program }: Project, file: string, name: string): ClassDeclaration {
  const classes = program.getSourceFile(join(ROOT, file))?.statements.filter(isClassDeclaration);
  const found = classes?.find((each) => each.name?.text === name);
  if (found === undefined) throw new Error(`No class ${name} in ${file}`);
  return found;
}

function shapesOf(of: ClassDeclaration, shapes: Shapes, { checker }: Project): MethodShapes {
  const methods = of.members.filter(isMethodDeclaration).flatMap((method) => {
    const signature = checker.getSignatureFromDeclaration(method);
    if (!isIdentifier(method.name) || signature === undefined) return [];
    return [[method.name.text, digestOf(shapes.ofSignature(signature))] as const];
  });
  return Object.fromEntries(methods);
}

function digestOf(text: string): string {
  return createHash("sha256").update(text).digest("hex").slice(0, SHAPE_LETTERS);
}

class Shapes {
  readonly #checker: Checker;
  readonly #known = new Map<number, string>();

  constructor(checker: Checker) {
    this.#checker = checker;
  }

  ofSignature(signature: Signature): string {
    const parameters = signature.getParameters().map((parameter) => {
      const type = this.#checker.getTypeOfSymbol(parameter);
      const optional = (parameter.flags & SymbolFlags.Optional) !== 0 ? "?" : "";
      return `${optional}${type === undefined ? "" : this.#of(type, 0, [])}`;
    });
    const answer = this.#checker.getReturnTypeOfSignature(signature);
    return `(${parameters.join(", ")}) => ${answer === undefined ? "" : this.#of(answer, 0, [])}`;
  }

  #of(type: Type, depth: number, within: readonly number[]): string {
    const known = this.#known.get(type.id);
    if (known !== undefined) return known;
    // A type within itself is named by how far up it is.
    const above = within.indexOf(type.id);
    if (above !== -1) return `^${within.length - above}`;
    if (depth > MAX_DEPTH) throw new Error("A shape is too deep");
    const shape = this.#build(type, depth, [...within, type.id]);
    if (!shape.includes("^")) this.#known.set(type.id, shape);
    return shape;
  }

  #build(type: Type, depth: number, within: readonly number[]): string {
    const inner = (each: Type): string => this.#of(each, depth + 1, within);
    if (type.isUnionType()) return type.getTypes().map(inner).toSorted().join(" | ");
    if (type.isIntersectionType()) return type.getTypes().map(inner).toSorted().join(" & ");
    if (!type.isObjectType()) return this.#checker.typeToString(type);
    if (this.#checker.isArrayType(type) || this.#checker.isTupleType(type) || isOfRuntime(type)) {
      const args = type.isTypeReference() ? this.#checker.getTypeArguments(type) : [];
      return `${type.getSymbol()?.name ?? "tuple"}<${args.map(inner).join(", ")}>`;
    }
    const fields = this.#checker.getPropertiesOfType(type).map((field) => {
      const of = this.#checker.getTypeOfSymbol(field);
      const optional = (field.flags & SymbolFlags.Optional) !== 0 ? "?" : "";
      return `${field.name}${optional}: ${of === undefined ? "" : inner(of)}`;
    });
    const indexes = this.#checker
      .getIndexInfosOfType(type)
      .map(({ keyType, valueType }) => `[${inner(keyType)}]: ${inner(valueType)}`);
    const calls = this.#checker
      .getSignaturesOfType(type, SignatureKind.Call)
      .map((call) => this.ofSignature(call));
    return `{${[...fields.toSorted(), ...indexes, ...calls].join("; ")}}`;
  }
}

/** What the language and the runtime declare, such as `Map` or `ReadableStream`, is what it is called. */
function isOfRuntime(type: Type): boolean {
  const symbol = type.getSymbol();
  if (symbol === undefined || symbol.name === "__type") return false;
  return symbol.declarations.some(({ path }) => /node_modules|bundled:|\/lib\.[\w.]+\.d\.ts$/.test(path));
}
