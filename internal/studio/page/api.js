import { texts } from "./texts.js";

const stored = "facecraft-key";
let key = sessionStorage.getItem(stored);

// Refusal is an answer that says what was wrong and what to do.
export class Refusal extends Error {
  constructor(status, { what, fix }) {
    super(what);
    this.status = status;
    this.fix = fix;
  }
}

async function send(path, options) {
  const answer = await fetch(path, options);
  if (answer.ok) return answer;
  const { error } = await answer.json().catch(() => ({ error: { what: answer.statusText, fix: "" } }));
  throw new Refusal(answer.status, error);
}

// signIn exchanges the token of the address, which works once, for a key that survives a reload.
export async function signIn() {
  const token = location.hash.slice(1);
  if (token) {
    history.replaceState(null, "", "/");
    try {
      const answer = await send("/api/session", { method: "POST", headers: { "X-Facecraft-Token": token } });
      key = (await answer.json()).key;
      sessionStorage.setItem(stored, key);
    } catch (error) {
      if (!key) throw error;
    }
  }
  if (!key) throw new Refusal(401, texts.noKey);
}

export function ask(path, options = {}) {
  return send(path, { ...options, headers: { ...options.headers, "X-Facecraft-Key": key } });
}

export const blob = async (path) => (await ask(path)).blob();

export async function post(path, body = {}) {
  const headers = { "Content-Type": "application/json" };
  const answer = await ask(path, { method: "POST", headers, body: JSON.stringify(body) });
  return answer.status === 204 ? null : answer.json();
}

export const pause = (ms) => new Promise((done) => setTimeout(done, ms));

// follow calls handle(name, data) for each event, and connected(true or false). It ends only when the key is refused.
export async function follow(handle, connected) {
  let last = "";
  const message = (text) => {
    const fields = {};
    for (const line of text.split("\n")) {
      const cut = line.indexOf(": ");
      if (cut > 0) fields[line.slice(0, cut)] = line.slice(cut + 2);
    }
    if (fields.event) handle(fields.event, JSON.parse(fields.data));
    last = fields.id || last;
  };
  for (;;) {
    try {
      const answer = await ask("/api/events", { headers: last ? { "Last-Event-ID": last } : {} });
      connected(true);
      const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
      let text = "";
      for (let part = await reader.read(); !part.done; part = await reader.read()) {
        const parts = (text + part.value).split("\n\n");
        text = parts.pop();
        parts.forEach(message);
      }
    } catch (error) {
      if (error.status === 401) throw error;
    }
    connected(false);
    await pause(2000);
  }
}
