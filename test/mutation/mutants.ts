import { stripTypeScriptTypes } from "node:module";
import { parse, type AnyNode, type Expression } from "acorn";
import { full } from "acorn-walk";

/** One small change of a source file, which a test should notice. */
export interface Mutant {
  readonly line: number;
  /** What stands there, and what stands there instead. */
  readonly from: string;
  readonly to: string;
  /** The whole file with the change. */
  readonly text: string;
}

interface Change {
  readonly start: number;
  readonly end: number;
  readonly to: string;
}

const COMPARISONS: Readonly<Record<string, readonly string[]>> = {
  "===": ["!=="],
  "!==": ["==="],
  "<": ["<=", ">="],
  "<=": ["<", ">"],
  ">": [">=", "<="],
  ">=": [">", "<"],
};
const OPERATORS: Readonly<Record<string, readonly string[]>> = {
  ...COMPARISONS,
  "&&": ["||"],
  "||": ["&&"],
  "??": ["&&"],
  "+": ["-"],
  "-": ["+"],
  "*": ["/"],
  "/": ["*"],
  "%": ["*"],
  "&": ["|"],
  "|": ["&"],
  "<<": [">>"],
  ">>": ["<<"],
  ">>>": ["<<"],
  "+=": ["-="],
  "-=": ["+="],
  "*=": ["/="],
  "||=": ["&&="],
  "&&=": ["||="],
  "??=": ["&&="],
};
const REMOVABLE: readonly string[] = [
  "ExpressionStatement",
  "IfStatement",
  "ReturnStatement",
  "ThrowStatement",
  "ForOfStatement",
  "ForStatement",
];
/** Calls that are often the whole of a rule, and what they are mistaken for. */
const METHODS: Readonly<Record<string, string>> = {
  every: "some",
  some: "every",
  max: "min",
  min: "max",
  floor: "ceil",
  ceil: "floor",
  startsWith: "endsWith",
  endsWith: "startsWith",
};

/** All mutants of a TypeScript file, in the order of the text. Types, and texts for people, stay as they are. */
export function mutantsOf(source: string): Mutant[] {
  // Types become blanks, so that every place in the code stays where it is in the file.
  const code = stripTypeScriptTypes(source);
  const changes: Change[] = [];
  full(parse(code, { ecmaVersion: "latest", sourceType: "module" }), (node) => {
    changes.push(...changesOf(node as AnyNode, code));
  });
  return changes
    .toSorted((a, b) => a.start - b.start)
    .map(({ start, end, to }) => ({
      line: source.slice(0, start).split("\n").length,
      from: code.slice(start, end),
      to,
      text: code.slice(0, start) + to + code.slice(end),
    }));
}

type Place = Pick<AnyNode, "start" | "end">;

function changesOf(node: AnyNode, code: string): Change[] {
  const instead = ({ start, end }: Place, ...texts: readonly string[]): Change[] =>
    texts.filter((to) => to !== code.slice(start, end)).map((to) => ({ start, end, to }));
  const textOf = ({ start, end }: Place) => code.slice(start, end);
  const { type } = node;
  if (type === "IfStatement" || type === "ConditionalExpression")
    return instead(node.test, `!(${textOf(node.test)})`);
  if (type === "BinaryExpression" || type === "LogicalExpression" || type === "AssignmentExpression") {
    const start = code.indexOf(node.operator, node.left.end);
    return instead({ start, end: start + node.operator.length }, ...(OPERATORS[node.operator] ?? []));
  }
  if (type === "UpdateExpression") {
    const to = node.operator === "++" ? "--" : "++";
    return instead(node, node.prefix ? to + textOf(node.argument) : textOf(node.argument) + to);
  }
  if (type === "UnaryExpression" && node.operator === "!") return instead(node, `(${textOf(node.argument)})`);
  if (type === "Literal") return isPath(node.value) ? [] : instead(node, ...literals(node.value));
  if (type === "ReturnStatement" && node.argument) return instead(node.argument, ...constants(node.argument));
  if (type === "ArrowFunctionExpression" && node.body.type !== "BlockStatement")
    return instead(node.body, ...constants(node.body));
  if (type === "BlockStatement" || type === "Program")
    return node.body.filter(isRemovable).flatMap((statement) => instead(statement, ";"));
  if (type === "CallExpression") return methodOf(node.callee).flatMap(([name, to]) => instead(name, to));
  return [];
}

/** What is imported: without it nothing runs. */
function isPath(value: unknown): boolean {
  return typeof value === "string" && /^(?:\.{1,2}\/|node:)/.test(value);
}

function literals(value: unknown): string[] {
  if (typeof value === "number") return value === 0 ? ["1"] : [`${value + 1}`, "0"];
  if (typeof value === "boolean") return [`${!value}`];
  // Texts for people may change.
  if (typeof value === "string" && !value.includes(" ")) return [value === "" ? '"mutant"' : '""'];
  return [];
}

/** What a function may answer instead; one that answers a constant already is mutated by that. */
function constants(answer: Expression): readonly string[] {
  if (answer.type === "Literal" && typeof answer.value === "boolean") return [];
  const isCondition =
    answer.type === "LogicalExpression" ||
    (answer.type === "BinaryExpression" && answer.operator in COMPARISONS) ||
    (answer.type === "UnaryExpression" && answer.operator === "!");
  return isCondition ? ["true", "false"] : ["null"];
}

function isRemovable({ type }: AnyNode): boolean {
  return REMOVABLE.includes(type);
}

function methodOf(callee: AnyNode): (readonly [AnyNode, string])[] {
  if (callee.type !== "MemberExpression" || callee.property.type !== "Identifier") return [];
  const to = METHODS[callee.property.name];
  return to === undefined ? [] : [[callee.property, to]];
}
