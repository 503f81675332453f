// The token broker's page, and the windows that it opens.

import assert from "node:assert/strict";

import { GRAPH, STORAGE, dev } from "./dev.js";
import { closed, signIn } from "./person.js";
import { click, seenUnaided } from "./unaided.js";

/** The page's components, and what each calls. */
export const COMPONENTS = { "company-picker": GRAPH, "file-picker": STORAGE };

/** Opens the page and signs an account in. */
export async function openBroker(context, account) {
  const page = await context.newPage();
  await page.goto(dev.broker);
  const broker = new Broker(context, page);
  const button = page.getByRole("button", { name: "Sign in" });
  await button.waitFor();
  assert.equal(broker.popups.length, 0);
  const popup = await broker.popupFrom(() => click(page, button));
  await signIn(popup, account);
  await closed(popup);
  broker.popups.length = 0;
  return broker;
}

/** The page, once somebody has signed in. */
class Broker {
  #context;
  page;
  /** The windows since somebody signed in, the closed ones too. */
  popups = [];

  constructor(context, page) {
    this.#context = context;
    this.page = page;
    page.on("popup", (popup) => this.popups.push(popup));
  }

  component(name) {
    return this.page.locator(`[data-component="${name}"]`);
  }

  /** Resolves once both components say that consent is missing; no look of ours counts as a click. */
  async waitingForConsent() {
    const waiting = "[...document.querySelectorAll('[data-component] button')]"
      .concat(".filter((button) => button.textContent === 'Give consent').length === 2");
    await seenUnaided(this.#context, this.page, waiting);
  }

  /** Resolves once both components have tokens for what each calls. */
  async served() {
    for (const [name, resource] of Object.entries(COMPONENTS)) {
      const token = this.component(name).getByLabel("Token received");
      await token.getByText(resource).waitFor();
    }
  }

  /** Clicks both components' buttons, the second before the first can have come to anything. */
  async giveConsentTogether() {
    const buttons = Object.keys(COMPONENTS).map((name) => giveConsent(this.component(name)));
    await click(this.page, ...buttons);
  }

  async popupFrom(act) {
    const [popup] = await Promise.all([this.page.waitForEvent("popup"), act()]);
    return popup;
  }
}

/** The button of a component that lacks consent. */
export function giveConsent(component) {
  return component.getByRole("button", { name: "Give consent" });
}
