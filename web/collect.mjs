// Copies the files that package.json names ("gridwarden".files) from node_modules to the folder
// given, and refuses a stylesheet that would fetch from another host (also `url(//…)`).
import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";

const [target, stamp] = process.argv.slice(2);
const files = JSON.parse(readFileSync("package.json", "utf8")).gridwarden.files;

function everyFile(folder) {
  return readdirSync(folder).flatMap((name) => {
    const path = join(folder, name);
    return statSync(path).isDirectory() ? everyFile(path) : [path];
  });
}

function foreignAddresses(css) {
  const asked = css.matchAll(/(?:url\(\s*|@import\s+)["']?([^"')\s;]+)/g);
  return [...asked].map((m) => m[1]).filter((to) => /^([a-z][a-z0-9+.-]*:)?\/\//i.test(to));
}

rmSync(target, { recursive: true, force: true });
for (const [from, to] of Object.entries(files)) {
  mkdirSync(dirname(join(target, to)), { recursive: true });
  cpSync(join("node_modules", from), join(target, to), { recursive: true });
}
for (const path of everyFile(target).filter((name) => name.endsWith(".css"))) {
  const foreign = foreignAddresses(readFileSync(path, "utf8"));
  if (foreign.length) {
    console.error(`${path} fetches from another host: ${foreign.join(", ")}`);
    process.exit(1);
  }
}
// The stamp comes last: an interrupted run is made again.
writeFileSync(join(target, ".made-from"), stamp);
