// The emulator's portal with the front end in its frame, and what both do: the popups that open and
// the calls that reach the service.

import { LAKEHOUSE, WORKSPACE, dev } from "./dev.js";
import { closed, signIn } from "./person.js";

/**
 * Opens the portal, signs an account in, and waits for the front end's home page. `seeing` is told
 * of the documents on the way.
 */
export async function openPortal(context, account, { tenant = "", seeing = async () => {} } = {}) {
  const page = await context.newPage();
  await page.goto(dev.portal);
  const portal = new Portal(page);
  await page.getByLabel("Directory").selectOption(tenant);
  const popup = await portal.popupFrom(() => page.getByRole("button", { name: "Sign in" }).click());
  await popup.locator("#sign-in").waitFor();
  await seeing(page.mainFrame());
  await seeing(popup.mainFrame());
  await signIn(popup, account);
  await closed(popup);
  await portal.frame.getByRole("heading", { name: "Selvedge", level: 1 }).waitFor();
  portal.popups.length = 0;
  return portal;
}

export class Portal {
  page;
  /** What is in the front end's page. */
  frame;
  /** The popups since somebody signed in, the closed ones too. */
  popups = [];
  /** Calls of the service, as `{method, retry, token, response}`: `response` is a promise. */
  calls = [];

  constructor(page) {
    this.page = page;
    this.frame = page.frameLocator('iframe[name="page"]');
    page.on("popup", (popup) => this.popups.push(popup));
    page.on("request", (request) => this.#took(request));
  }

  /** Follows the link to a page of the front end. */
  async go(title) {
    await this.frame.getByRole("navigation", { name: "Pages" }).getByRole("link", { name: title }).click();
  }

  /** Shows the seeded lakehouse, or whatever the page shows in its place. */
  async openLakehouse() {
    await this.go("Files");
    const which = this.frame.getByRole("form", { name: "Which lakehouse" });
    await which.getByLabel("Workspace ID").fill(WORKSPACE);
    await which.getByLabel("Lakehouse ID").fill(LAKEHOUSE);
    await which.getByRole("button", { name: "Open" }).click();
  }

  /** Chooses a file to upload, as a person does in the dialog of the browser. */
  async upload(name, bytes) {
    const choosing = this.page.waitForEvent("filechooser");
    await this.frame.getByRole("button", { name: "Upload a file" }).click();
    const buffer = Buffer.alloc(bytes, "selvedge");
    await (await choosing).setFiles({ name, mimeType: "application/octet-stream", buffer });
  }

  /** The popup that `act` makes the page open. */
  async popupFrom(act) {
    const [popup] = await Promise.all([this.page.waitForEvent("popup"), act()]);
    return popup;
  }

  /** What the front end shows in the place of what it was refused. */
  get refusal() {
    return this.frame.getByTestId("refusal");
  }

  /** Which of the calls of a method were marked as retries, in the order in which they were made. */
  retries(method) {
    return this.calls.filter((call) => call.method === method).map(({ retry }) => retry);
  }

  /** The document in the frame of this name, to be asked as a whole. */
  frameNamed(name) {
    return this.page.frame({ name });
  }

  #took(request) {
    const { origin, pathname } = new URL(request.url());
    if (origin !== dev.service || request.method() === "OPTIONS") {
      return;
    }
    const method = request.method() === "PUT" ? "upload" : pathname.slice(pathname.lastIndexOf("/") + 1);
    const headers = request.headers();
    const retry = headers["selvedge-retry"] === "1";
    this.calls.push({ method, retry, token: headers.authorization, response: request.response() });
  }
}
