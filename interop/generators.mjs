// Generates clients in five languages from the contract with openapi-generator, and looks whether each has every operation and
// the modify request with all its fields. Java, PHP and Python are parsed too, the latter two where their commands are there.
// The last line on stdout says what was checked.
import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";

Object.assign(process.env, { REDOCLY_TELEMETRY: "off", REDOCLY_SUPPRESS_UPDATE_NOTICE: "true" });

const here = dirname(fileURLToPath(import.meta.url));
const contract = join(here, "../api/openapi.yaml");
const jar = join(here, "node_modules/@openapitools/openapi-generator-cli/bin/openapi-generator.jar");
const model = "ModifyPartnerServiceOrderRequest";

// Languages write one name in several ways: modifyOrder, ModifyOrder, modify_order.
const plain = (text) => text.replaceAll("_", "").toLowerCase();
const languages = [
  {
    name: "Java", generator: "java", file: `${model}.java`, type: `public class ${model} `, field: (f) => `= "${f}";`,
    operation: (id) => ` ${id}(`, parse: (dir) => run("java", [join(here, "ParseJava.java"), dir]),
  },
  {
    name: "PHP", generator: "php", file: `${model}.php`, type: `class ${model} `, field: (f) => `'${f}' => '${f}'`,
    operation: (id) => `function ${id}(`, parse: (dir) => each("php", ["-l"], under(join(dir, "lib"), ".php")),
  },
  {
    name: "Python", generator: "python", file: "modify_partner_service_order_request.py", type: `class ${model}(`, field: (f) => `'${f}': '${f}'`,
    operation: (id) => `def ${id}(`, parse: (dir) => each("python3", ["-m", "py_compile"], under(join(dir, "openapi_client"), ".py")),
  },
  {
    name: "C#", generator: "csharp-netcore", file: `${model}.cs`, type: `class ${model} `, field: (f) => `Name = "${f}"`,
    operation: (id) => ` ${id}(`,
  },
  {
    name: "Kotlin", generator: "kotlin", file: `${model}.kt`, type: `class ${model} `, field: (f) => `@Json(name = "${f}")`,
    operation: (id) => `fun ${id}(`,
  },
];

function run(command, args) {
  const { error, status, stdout, stderr } = spawnSync(command, args, { encoding: "utf8", maxBuffer: 1 << 28 });
  if (error) throw error;
  if (status !== 0) throw new Error(`${command} ${args.slice(0, 3).join(" ")} ended with ${status}\n${stdout}${stderr}`);
  return stdout;
}

// One run for all files, or for each where the command takes only one. False when the command is not there.
function each(command, args, files) {
  if (spawnSync(command, ["--version"]).error) return false;
  if (files.length === 0) throw new Error(`nothing to check with ${command}`);
  if (command === "php") for (const file of files) run(command, [...args, file]);
  else run(command, [...args, ...files]);
  return true;
}

function under(dir, end) {
  return readdirSync(dir, { recursive: true }).filter((f) => f.endsWith(end)).map((f) => join(dir, f));
}

const work = mkdtempSync(join(tmpdir(), "payscore-generators-"));
const failures = [];
try {
  const json = join(work, "openapi.json");
  run(process.execPath, [join(here, "node_modules/@redocly/cli/bin/cli.js"), "bundle", contract, "--output", json]);
  const { paths, components } = JSON.parse(readFileSync(json, "utf8"));
  const operations = Object.values(paths).flatMap((path) => Object.values(path).flatMap((o) => o.operationId ?? []));
  const fields = Object.keys(components.schemas[model].properties);
  if (operations.length === 0 || fields.length === 0) throw new Error("no operations or no fields in the contract");

  const parsed = [];
  for (const language of languages) {
    process.stderr.write(`generating ${language.name} ...\n`);
    const out = join(work, language.generator);
    const fail = (what) => failures.push(`${language.name}: ${what}`);
    try {
      run("java", ["-jar", jar, "generate", "-g", language.generator, "-i", contract, "-o", out]);
      const sources = under(out, language.file.slice(language.file.lastIndexOf(".")));
      const found = sources.filter((f) => f.endsWith(`/${language.file}`));
      const text = found.map((f) => readFileSync(f, "utf8")).find((t) => t.includes(language.type));
      if (text === undefined) fail(`no ${model} in ${found.map((f) => relative(out, f)).join(", ") || "any file"}`);
      for (const f of fields) if (!text?.includes(language.field(f))) fail(`${model} has no ${f}`);
      const all = plain(sources.map((f) => readFileSync(f, "utf8")).join("\n"));
      for (const id of operations) if (!all.includes(plain(language.operation(id)))) fail(`no operation ${id}`);
      if (language.parse?.(out)) parsed.push(language.name);
    } catch (e) {
      fail(e.message);
    }
  }
  for (const f of failures) console.error(f);
  console.log(`${languages.map((l) => l.name).join(", ")} by openapi-generator: ${operations.length} operations, ${fields.length} fields of the modify request; ${parsed.join(", ")} parsed`);
} finally {
  rmSync(work, { recursive: true });
}
process.exitCode = failures.length > 0 ? 1 : 0;
