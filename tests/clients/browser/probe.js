// A page that calls the service, from the origin of a server of its own.

import { once } from "node:events";
import { createServer } from "node:http";
import { after } from "node:test";
import { fileURLToPath } from "node:url";

import esbuild from "esbuild";

const folder = fileURLToPath(new URL(".", import.meta.url));

/** Generated code lies in other projects; what it imports is taken from this one. */
const ownPackages = {
  name: "own-packages",
  setup(build) {
    build.onResolve({ filter: /^@bufbuild\/protobuf/ }, ({ path, pluginData, kind }) =>
      pluginData === "own" ? undefined : build.resolve(path, { kind, resolveDir: folder, pluginData: "own" }),
    );
  },
};

const { outputFiles } = await esbuild.build({
  entryPoints: [fileURLToPath(new URL("probe/main.js", import.meta.url))],
  bundle: true,
  format: "iife",
  globalName: "probe",
  target: "es2022",
  write: false,
  plugins: [ownPackages],
});
const script = outputFiles[0].text;

/** The names of the clients that the probe has. */
export const CLIENTS = ["grpc-web, binary", "grpc-web, text", "Connect"];

/** The document that holds the probe. */
export const probePage = [
  '<!doctype html><meta charset="utf-8"><title>Probe</title><link rel="icon" href="data:,">',
  `<script>${script.replaceAll("</script", "<\\/script")}</script>`,
].join("");

const server = createServer((_, response) => {
  response.setHeader("content-type", "text/html; charset=utf-8").end(probePage);
});
server.listen(0, "127.0.0.1");
await once(server, "listening");
after(() => server.close());

/** The origin of the probe's page under a name of this machine. */
export function originAt(name) {
  return `http://${name}:${server.address().port}`;
}

/** Opens the probe as a page of this origin, one of `originAt`. */
export async function openProbe(context, origin) {
  const page = await context.newPage();
  await page.goto(`${origin}/`);
  return page;
}

/** The outcome of a unary call by the page. */
export function unary(page, client, call) {
  return page.evaluate(([client, call]) => probe.unary(client, call), [client, call]);
}

/** The outcome of a server's stream to the page. */
export function stream(page, client, call) {
  return page.evaluate(([client, call]) => probe.stream(client, call), [client, call]);
}
