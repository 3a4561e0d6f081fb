// opencode itself with OPENCODE_MODELS_URL=BASE and a home of its own: every model of OpenRouter's as it understands it.
import { execFileSync } from "node:child_process";
import { mkdtempSync, openSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const [, , base, program] = process.argv;
const home = mkdtempSync(join(tmpdir(), "opencode-"));
try {
  // Without --refresh it may answer with the list that it was built with while it still reads ours.
  // It ends before a pipe has taken everything; a file takes it all.
  const file = join(home, "output");
  execFileSync(program, ["models", "openrouter", "--verbose", "--refresh"], {
    stdio: ["ignore", openSync(file, "w"), "inherit"],
    cwd: home,
    env: {
      PATH: process.env.PATH,
      HOME: home,
      OPENROUTER_API_KEY: "unused",
      OPENCODE_MODELS_URL: base,
      OPENCODE_DISABLE_AUTOUPDATE: "1",
    },
  });
  // Each model is its name on a line, then what is known of it as indented JSON.
  const models = readFileSync(file, "utf8")
    .split(/^openrouter\/\S+$/m)
    .slice(1)
    .map((text) => JSON.parse(text));
  console.log(JSON.stringify(models));
} finally {
  rmSync(home, { recursive: true, force: true });
}
