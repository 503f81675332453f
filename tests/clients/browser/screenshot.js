// Pictures of pages for the README. They are made by every run and kept only on purpose: in the
// folder that SELVEDGE_SCREENSHOTS names.

import assert from "node:assert/strict";
import { mkdtemp, readFile, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after } from "node:test";

import { settled } from "./settled.js";

const LARGEST_BYTES = 200 * 1024;
/** A page with a few words on it has many more: smooth letters have edges of many colours. */
const FEWEST_COLOURS = 32;

const kept = process.env.SELVEDGE_SCREENSHOTS;
const folder = kept ?? (await mkdtemp(join(tmpdir(), "selvedge-screenshots-")));
if (kept === undefined) {
  after(() => rm(folder, { recursive: true }));
}

/** Takes a picture of what the page shows, and asserts that it shows something. */
export async function takePicture(page, name) {
  const path = join(folder, `${name}.png`);
  // Nothing is under the pointer, and nothing on its way.
  await page.mouse.move(0, 0);
  await Promise.all(page.frames().map((frame) => frame.evaluate(settled)));
  await page.screenshot({ path, animations: "disabled", caret: "hide" });
  const { size } = await stat(path);
  assert.ok(size <= LARGEST_BYTES, `${name}.png has ${size} bytes`);
  const colours = await countColours(page.context(), await readFile(path));
  assert.ok(colours >= FEWEST_COLOURS, `${name}.png has ${colours} colours: is it blank?`);
}

async function countColours(context, picture) {
  const viewer = await context.newPage();
  try {
    return await viewer.evaluate(async (encoded) => {
      const bytes = Uint8Array.from(atob(encoded), (character) => character.charCodeAt(0));
      const image = await createImageBitmap(new Blob([bytes], { type: "image/png" }));
      const drawing = new OffscreenCanvas(image.width, image.height).getContext("2d");
      drawing.drawImage(image, 0, 0);
      const pixels = new Uint32Array(drawing.getImageData(0, 0, image.width, image.height).data.buffer);
      return new Set(pixels).size;
    }, picture.toString("base64"));
  } finally {
    await viewer.close();
  }
}
