// `selvedge serve` beside the running service, with its configuration but for what the test sets.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";

import { dev } from "./dev.js";

export class Serving {
  #process;
  #exit;
  #folder;
  /** The lines of its log so far. */
  log = [];
  /** Where it serves. */
  service;

  /** Starts it with the keys that `changes` sets, as `{"server.cors_origins": "[…]"}`. */
  static async start(changes) {
    const serving = new Serving();
    serving.#folder = await mkdtemp(join(tmpdir(), "selvedge-"));
    const file = join(serving.#folder, "selvedge.toml");
    await writeFile(file, await configuration(serving.#folder, changes));
    serving.#process = spawn(process.env.SELVEDGE_TEST_BINARY, ["serve", "--config", file], {
      env: withoutConfiguration(process.env),
      stdio: ["ignore", "pipe", "inherit"],
    });
    serving.#exit = once(serving.#process, "exit");
    serving.service = `http://${await serving.#listening()}`;
    return serving;
  }

  /** Ends it as a machine that fails would. */
  async kill() {
    this.#process.kill("SIGKILL");
    await this.#exit;
  }

  /** Ends it, and removes what it left. */
  async remove() {
    await this.kill();
    await rm(this.#folder, { recursive: true });
  }

  /** The address that it says it listens on. */
  #listening() {
    return new Promise((resolve, reject) => {
      createInterface(this.#process.stdout).on("line", (line) => {
        this.log.push(line);
        const entry = JSON.parse(line);
        if (entry.message === "listening") {
          resolve(entry["server.address"]);
        }
      });
      this.#process.on("exit", () => reject(new Error(`serve ended:\n${this.log.join("\n")}`)));
    });
  }
}

async function configuration(folder, changes) {
  const set = {
    "server.listen": '"127.0.0.1:0"',
    "server.admin_listen": '"127.0.0.1:0"',
    "store.url": JSON.stringify(`sqlite://${join(folder, "selvedge.db")}`),
    ...changes,
  };
  const sections = (await readFile(dev.config, "utf8")).split(/^(?=\[)/m);
  const kept = sections.filter((section) => !section.startsWith("[web]"));
  for (const [key, value] of Object.entries(set)) {
    const [section, name] = key.split(".");
    const at = kept.findIndex((text) => text.startsWith(`[${section}]`));
    const lines = kept[at].split("\n").filter((line) => !line.startsWith(`${name} = `));
    kept[at] = [lines[0], `${name} = ${value}`, ...lines.slice(1)].join("\n");
  }
  return kept.join("");
}

/** The environment but for what `serve` would take for its configuration. */
function withoutConfiguration(environment) {
  const others = Object.entries(environment).filter(([name]) => !name.startsWith("SELVEDGE_"));
  return Object.fromEntries(others);
}
