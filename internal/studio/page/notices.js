// What the program has to say: questions, progress, troubles.
import { button, by, clone, make } from "./dom.js";

const shown = new Map(); // elements by key

// notices shows exactly these: {key, tone, title, text, code, rows, progress, buttons: [[label, action, detail]]}.
export function notices(all) {
  for (const [key, element] of shown) {
    if (all.some((one) => one.key === key)) continue;
    element.remove();
    shown.delete(key);
  }
  for (const one of all) {
    let element = shown.get(one.key);
    if (!element) {
      element = clone("notice");
      element.querySelector(".row").append(...(one.buttons || []).map(action));
      shown.set(one.key, element);
      by("notices").append(element);
    }
    update(element, one);
  }
}

function update(element, { tone, title, text, rows = [], progress, code }) {
  element.className = "notice " + (tone || "");
  element.setAttribute("role", tone === "bad" ? "alert" : "status");
  element.querySelector("h2").textContent = title;
  element.querySelector("p").textContent = text || "";
  if (code) element.querySelector("p").append(" ", make("code", "", code));
  const cells = rows.flatMap(([name, value]) => [make("dt", "", name), make("dd", "", value)]);
  element.querySelector("dl").replaceChildren(...cells);
  const bar = element.querySelector("progress");
  bar.hidden = !progress;
  if (progress) [bar.value, bar.max] = progress;
}

function action([label, act, detail], index) {
  const element = button(label, act, index ? "" : "primary");
  if (detail) element.append(make("small", "", detail));
  return element;
}
