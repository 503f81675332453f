// `selvedge serve` with a configuration of the test's own.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { Service } from "./service.js";

const START_MS = 30_000;

export class Serving {
  #process;
  #exit;
  #folder;
  service;

  /**
   * Starts it with the configuration that `configure` returns for an address and a folder of its
   * own, in which `files` have been written.
   */
  static async start(files, configure) {
    const serving = new Serving();
    serving.#folder = await mkdtemp(join(tmpdir(), "selvedge-"));
    for (const [name, content] of Object.entries(files)) {
      await writeFile(join(serving.#folder, name), content);
    }
    const address = `127.0.0.1:${await freePort()}`;
    const file = join(serving.#folder, "selvedge.toml");
    await writeFile(file, configure(address, serving.#folder));
    serving.#process = spawn(process.env.SELVEDGE_TEST_BINARY, ["serve", "--config", file], {
      env: withoutConfiguration(process.env),
      stdio: ["ignore", "ignore", "inherit"],
    });
    serving.#exit = once(serving.#process, "exit");
    serving.service = new Service(address);
    const ended = serving.#exit.then(([code, signal]) => {
      throw new Error(`selvedge serve ended with ${code ?? signal}`);
    });
    await Promise.race([serving.service.serving(START_MS), ended]);
    return serving;
  }

  /** Asks it to stop, and returns its exit code. */
  async stop() {
    this.service.close();
    this.#process.kill("SIGTERM");
    const [code] = await this.#exit;
    await rm(this.#folder, { recursive: true });
    return code;
  }
}

/** The environment but for what `serve` would take for its configuration. */
function withoutConfiguration(environment) {
  const others = Object.entries(environment).filter(([name]) => !name.startsWith("SELVEDGE_"));
  return Object.fromEntries(others);
}

/** A port that was free a moment ago: `serve` prints none, because it is told one. */
async function freePort() {
  const server = createServer();
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address();
  server.close();
  await once(server, "close");
  return port;
}
