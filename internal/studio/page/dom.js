import { fill } from "./texts.js";

export const by = (id) => document.getElementById(id);

// clone returns a template's first element, with its texts.
export function clone(id) {
  const element = by(id + "-template").content.firstElementChild.cloneNode(true);
  fill(element);
  return element;
}

export function make(tag, cls, text) {
  const element = document.createElement(tag);
  if (cls) element.className = cls;
  if (text !== undefined) element.textContent = text;
  return element;
}

export function button(label, action, cls) {
  const element = make("button", cls, label);
  element.type = "button";
  element.onclick = action;
  return element;
}

// show sets an image to a blob, whose address is given back once it is read.
export function show(image, blob) {
  const url = URL.createObjectURL(blob);
  image.onload = image.onerror = (event) => {
    URL.revokeObjectURL(url);
    image.dataset.loaded = event.type === "load";
  };
  image.src = url;
}

// save hands a blob or an address to the browser's downloads.
export function save(what, name) {
  const link = make("a");
  link.href = typeof what === "string" ? what : URL.createObjectURL(what);
  link.download = name;
  link.click();
  if (typeof what !== "string") setTimeout(() => URL.revokeObjectURL(link.href), 60000);
}

// say has a screen reader speak.
export const say = (text) => { by("said").textContent = text; };

// pool returns a function that runs tasks, at most n at a time and the latest first or last.
export function pool(n, latestFirst) {
  const waiting = [];
  let running = 0;
  const next = () => {
    while (running < n && waiting.length) {
      running++;
      const task = latestFirst ? waiting.pop() : waiting.shift();
      task().finally(() => { running--; next(); });
    }
  };
  return (task) => { waiting.push(task); next(); };
}
