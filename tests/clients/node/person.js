// Somebody at a browser: keeps cookies, follows redirects, fills in forms and submits them.

import { parse } from "node-html-parser";

const MOST_STEPS = 20;
/** Consents, and proves what is demanded. */
const AGREEABLE = { consent: "accept", "step-up": "approve" };

export class Person {
  #cookies = new Map();

  /**
   * Opens an authorize request, fills in the forms on the way by `fill`, and returns what the
   * browser was told to bring to the application at `redirectUri`. `pressing` says which button is
   * pressed on each of the pages that ask for consent or for more proof.
   */
  async signIn(address, redirectUri, fill, pressing = AGREEABLE) {
    let response = await this.#open("GET", address);
    for (let step = 0; step < MOST_STEPS; step += 1) {
      const location = response.headers.get("location");
      if (location !== null) {
        const target = new URL(location, response.address);
        if (target.href.startsWith(redirectUri)) {
          return { method: "GET", address: target.href, parameters: target.searchParams };
        }
        response = await this.#open("GET", target);
        continue;
      }
      const form = onlyForm(await response.text());
      if (form.action.startsWith(redirectUri)) {
        return { method: "POST", address: form.action, parameters: form.fields };
      }
      const button = pressing[form.id];
      response = await this.#submit(response, form, button ? { action: button } : fill);
    }
    throw new Error(`no answer to the application after ${MOST_STEPS} steps`);
  }

  /** Approves a device: types the code that it shows, then signs in. */
  async enterCode(address, userCode, account) {
    let response = await this.#open("GET", address);
    response = await this.#submit(response, onlyForm(await response.text()), {
      user_code: userCode,
    });
    response = await this.#submit(response, onlyForm(await response.text()), choose(account));
    const page = await response.text();
    if (!page.includes("You have signed in")) {
      throw new Error(page);
    }
  }

  #submit(response, form, filled) {
    for (const [name, value] of Object.entries(filled)) {
      if (form.names.has(name)) {
        form.fields.set(name, value);
      }
    }
    return this.#open("POST", new URL(form.action, response.address), form.fields);
  }

  async #open(method, address, body) {
    const { origin } = new URL(address);
    const headers = { cookie: this.#cookiesOf(origin) };
    if (method === "POST") {
      headers.origin = origin;
    }
    const response = await fetch(address, { method, body, headers, redirect: "manual" });
    for (const line of response.headers.getSetCookie()) {
      const [pair] = line.split(";");
      const at = pair.indexOf("=");
      this.#cookies.set(`${origin} ${pair.slice(0, at)}`, pair.slice(at + 1));
    }
    return { address: String(address), headers: response.headers, text: () => response.text() };
  }

  #cookiesOf(origin) {
    return [...this.#cookies]
      .filter(([name]) => name.startsWith(`${origin} `))
      .map(([name, value]) => `${name.slice(origin.length + 1)}=${value}`)
      .join("; ");
  }
}

/** What a person does at the emulator's sign-in page. */
export function choose(account) {
  return { account, action: "sign-in" };
}

/** Brings an answer to an application that listens for it. */
export async function bring({ method, address, parameters }) {
  const response = await fetch(address, method === "POST" ? { method, body: parameters } : {});
  await response.arrayBuffer();
}

function onlyForm(html) {
  const forms = parse(html).querySelectorAll("form");
  if (forms.length !== 1) {
    throw new Error(`expected one form, found ${forms.length}: ${html}`);
  }
  const [form] = forms;
  const inputs = form.querySelectorAll("input, button").filter((input) => input.getAttribute("name"));
  const fields = new URLSearchParams();
  for (const input of inputs) {
    const type = input.getAttribute("type") ?? "";
    if (input.tagName === "INPUT" && !["checkbox", "radio", "submit"].includes(type)) {
      fields.append(input.getAttribute("name"), input.getAttribute("value") ?? "");
    }
  }
  return {
    id: form.getAttribute("id") ?? "",
    action: form.getAttribute("action") ?? "",
    fields,
    names: new Set(inputs.map((input) => input.getAttribute("name"))),
  };
}
