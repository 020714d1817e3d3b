// Photos, settings and server are as the program says; what the user does is sent to it.
import { fill, texts } from "./texts.js";
import { by, clone, save, say } from "./dom.js";
import { follow, post, signIn } from "./api.js";
import { Look, same } from "./look.js";
import * as grid from "./grid.js";
import * as intake from "./intake.js";
import * as viewer from "./viewer.js";
import { notices } from "./notices.js";

fill(document);

const photos = new Map();  // by ID, in order of arrival
const refused = new Map(); // what was not a photo, by name
let state = null, look = null;
let away = "";             // "gone" or "refused" while the program is
let refusal = null;        // why it is refused
let adding = 0, finished = true, began = 0, doneThen = 0;

const count = (test) => [...photos.values()].filter(test).length;
const busy = (photo) => photo.state === "waiting" || photo.state === "making";

// attempt does something for the user, who is told if it fails.
async function attempt(work) {
  trouble = null;
  try {
    await work();
  } catch (error) {
    trouble = { what: error.message, fix: error.fix || "" };
    if (!error.status) trouble.what = texts.noAnswer;
  }
  refresh();
}
let trouble = null;

const page = {
  photos: () => [...photos.values()],
  get server() { return state.server; },
  try: attempt,
};

function replaceAll(news) {
  state = news;
  photos.clear();
  for (const photo of news.photos) photos.set(photo.id, photo);
  if (!look) {
    look = new Look(by("look-slot"), state.presets, sendSettings);
    viewer.attach(page, state.presets, state.papers);
  }
  grid.keep(photos);
  for (const photo of news.photos) grid.put(photo, viewer.open);
  settle(state.settings);
}

function settle(settings) {
  state.settings = settings;
  look.set(settings, state.server.enhance);
  refresh();
}

let sending = false, unsent = null;
// sendSettings sends one change after the other, so that the last one counts.
async function sendSettings(settings) {
  unsent = settings;
  if (sending) return;
  sending = true;
  for (let next; (next = unsent);) {
    unsent = null;
    await attempt(async () => {
      const known = await post("/api/settings", next);
      if (!unsent) settle(known);
    });
  }
  sending = false;
}

function putPhoto(photo) {
  if ((photos.get(photo.id)?.version || 0) > photo.version) return; // an older answer
  photos.set(photo.id, photo);
  grid.put(photo, viewer.open);
  viewer.update(photo);
  refresh();
}

const handlers = {
  state: replaceAll,
  photo: putPhoto,
  server(server) { state.server = server; settle(state.settings); },
  question(question) { state.question = question; refresh(); },
  settings(settings) { if (!sending) settle(settings); },
  gone() { away = "gone"; refresh(); },
};

let asked = false;
// refresh shows the rest of the page once before the next frame, however much has happened.
function refresh() {
  if (asked) return;
  asked = true;
  requestAnimationFrame(() => { asked = false; render(); });
}

function render() {
  notices(currentNotices());
  pill();
  by("end").hidden = away;
  if (!state) return;
  const any = photos.size + refused.size + adding > 0;
  by("welcome").hidden = any;
  by("bar").hidden = by("add").hidden = !any;
  by("stays").textContent = texts.stays(state.folder);
  by("saved").textContent = texts.saved(state.folder);
  by("folder").hidden = !any || !state.canOpenFolder;
  const differ = changeable().length;
  by("all-again").hidden = !differ;
  by("all-again").textContent = texts.allAgain(differ);
  counts();
  failures();
}

// changeable are the portraits that the present settings would make differently.
const changeable = () => page.photos()
  .filter((photo) => photo.state === "done" && !photo.kept && !same(photo.settings, state.settings));

function counts() {
  const done = count((photo) => photo.state === "done");
  const open = count(busy);
  by("zip").hidden = !done;
  by("clear").hidden = open || adding;
  by("progress").hidden = !open;
  by("progress").max = done + open;
  by("progress").value = done;
  if (open && finished) [finished, began, doneThen] = [false, performance.now(), done];
  let text = texts.count(done, done + open);
  const rate = (done - doneThen) / (performance.now() - began);
  if (open && done - doneThen > 4 && open / rate > 20000) text += ", " + texts.left(open / rate / 1000);
  by("count").textContent = adding ? texts.adding(adding) : text;
  if (!open && !adding && !finished) {
    finished = true;
    say(texts.finished(done, count((photo) => photo.state === "failed") + refused.size));
  }
}

let listed = "";
function failures() {
  const failed = page.photos().filter((photo) => photo.state === "failed");
  const now = JSON.stringify([[...refused], failed]);
  if (now === listed) return;
  listed = now;
  const items = [...refused].map(([name, problem]) => failure(name, problem, null, () => {
    refused.delete(name);
    refresh();
  }));
  for (const { id, name, problem } of failed) {
    items.push(failure(name, problem || { what: "", fix: "" },
      () => attempt(() => post("/api/again", { ids: [id], settings: null })),
      () => attempt(() => post("/api/clear", { ids: [id] }))));
  }
  by("failures").hidden = !items.length;
  by("failures").firstElementChild.textContent = texts.failures(items.length);
  by("failures").lastElementChild.replaceChildren(...items);
}

function failure(name, { what, fix }, retry, dismiss) {
  const item = clone("failure");
  item.querySelector("b").textContent = name;
  item.querySelector(".what").textContent = what;
  item.querySelector(".fix").textContent = fix;
  if (retry) item.querySelector(".retry").onclick = retry;
  else item.querySelector(".retry").remove();
  item.querySelector(".dismiss").onclick = dismiss;
  return item;
}

function pill() {
  const server = state?.server;
  let word = away ? "gone" : server?.state || "looking";
  if (word === "ready") word = server.engine || "ready";
  if (!away && server?.meanwhile) word = "meanwhile";
  by("server").dataset.state = away ? "gone" : server?.state || "looking";
  by("server").textContent = texts.server[word] || texts.server.ready;
}

const joined = (separator, ...words) => words.map((word) => word.replace(/\.$/, "")).filter(Boolean).join(separator);

function currentNotices() {
  const all = [];
  if (away === "refused") {
    const text = joined(". ", refusal.message, refusal.fix);
    all.push({ key: "refused", tone: "bad", title: texts.refusedTitle, text });
  }
  if (away === "gone") {
    all.push({ key: "gone", tone: "bad", title: texts.goneTitle, text: texts.goneMore, code: texts.command });
  }
  if (trouble) {
    all.push({ key: "trouble", tone: "bad", title: texts.wrong, text: joined(". ", trouble.what, trouble.fix),
      buttons: [[texts.dismiss, () => { trouble = null; refresh(); }]] });
  }
  return state && !away ? all.concat(serverNotices(state)) : all;
}

function serverNotices({ server, question }) {
  const all = [];
  if (question) {
    const { id, headline, rows, text, options } = question;
    all.push({ key: id, tone: "ask", title: headline, rows, text, buttons: options.map(({ value, label, detail }) =>
      [label, () => attempt(() => post("/api/answer", { id, value })), detail]) });
  }
  const progress = server.total > 0 ? [server.done, server.total] : null;
  const parts = (...words) => joined(" · ", ...words);
  const size = progress ? texts.bytes(...progress) : "";
  if (server.meanwhile && server.state !== "failed") {
    all.push({ key: "meanwhile", title: texts.meanwhileTitle, progress,
      text: parts(size, server.text, texts.meanwhileMore) });
  } else if (server.state === "starting") {
    all.push({ key: "starting", title: texts.startingTitle, progress,
      text: parts(size, server.text, texts.startingMore) });
  }
  if (server.state === "lost") {
    all.push({ key: "lost", tone: "warn", title: texts.lostTitle, text: parts(server.text, texts.lostMore) });
  }
  if (server.state === "failed") {
    const { what, fix } = server.problem || { what: server.text, fix: "" };
    all.push({ key: "failed", tone: "bad", title: texts.failedTitle, text: what + ". ", code: fix,
      buttons: [[texts.retry, () => attempt(() => post("/api/retry"))]] });
  }
  const lite = byLite();
  if (server.state === "ready" && ["cpu", "gpu"].includes(server.engine) && lite.length) {
    const again = () => attempt(() => post("/api/again", { ids: byLite(), settings: null }));
    all.push({ key: "ai" + lite.length, tone: "good", title: texts.aiReady, text: texts.aiReadyMore(lite.length),
      buttons: [[texts.aiAgain(lite.length), again]] });
  }
  return all;
}

// byLite are the portraits that AI would make differently.
const byLite = () => page.photos()
  .filter(({ state: is, engine, kept, settings }) => is === "done" && engine === "lite" && !kept &&
    !state.presets.find(({ name }) => name === settings.preset)?.cropOnly)
  .map(({ id }) => id);

intake.attach({
  added: putPhoto,
  refused(name, problem) { refused.set(name, problem); refresh(); },
  adding(n) { adding = n; refresh(); },
});

by("skip").onclick = () => by("portraits").focus();
by("look-toggle").onclick = (event) => {
  const open = by("look").classList.toggle("open");
  event.target.setAttribute("aria-expanded", open);
};
by("example").onclick = () => attempt(async () => putPhoto(await post("/api/example")));
by("folder").onclick = () => attempt(() => post("/api/folder"));
by("zip").onclick = () => attempt(async () => save((await post("/api/downloads")).url, "portraits.zip"));
by("clear").onclick = () => attempt(async () => {
  await post("/api/clear");
  refused.clear();
});
by("end").onclick = () => attempt(() => post("/api/end"));
by("all-again").onclick = () => attempt(() =>
  post("/api/again", { ids: changeable().map(({ id }) => id), settings: state.settings }));

try {
  await signIn();
  await follow((name, data) => handlers[name]?.(data), (here) => {
    away = here ? "" : "gone";
    refresh();
  });
} catch (error) {
  away = "refused";
  refusal = error.status ? error : { message: texts.noAnswer, fix: "" };
  refresh();
}
