// One portrait, large: compared with its photo, and what can be done with it.
import { texts } from "./texts.js";
import { button, by, make, save, show } from "./dom.js";
import { blob, post } from "./api.js";
import { Look, same } from "./look.js";
import { focus, stateOf } from "./grid.js";

const viewer = by("viewer");
const part = (cls) => viewer.querySelector("." + cls);
let world, look, wanted, current = null, shown = "";

// attach connects the viewer with the page: {photos(), server, try(work)}.
export function attach(page, presets, papers) {
  world = page;
  look = new Look(part("look-slot"), presets, (settings) => {
    wanted = settings;
    buttons();
  });
  part("sheets").replaceChildren(part("sheets").firstElementChild, ...papers.map((paper) =>
    button(texts.papers[paper] || paper, () => world.try(async () =>
      save(await blob(`/api/photos/${current.id}/sheet?paper=${paper}`), `${current.title}-${paper}.jpg`)))));
}

const inGrid = () => world.photos().filter((photo) => photo.state !== "failed");

export function open(id) {
  const all = inGrid();
  current = all.find((photo) => photo.id === id);
  if (!current) return;
  wanted = current.settings;
  shown = "";
  look.set(wanted, world.server.enhance);
  part("name").value = current.title;
  update(current);
  if (!viewer.open) viewer.showModal();
}

function go(step) {
  const all = inGrid();
  const at = all.findIndex((photo) => photo.id === current.id);
  if (all.length) open(all[(at + step + all.length) % all.length].id);
}

// update shows what became of the photo, if it is the one in view.
export function update(photo) {
  if (!current || photo.id !== current.id) return;
  if (photo.state === "failed") { viewer.close(); return; }
  if (same(wanted, current.settings)) wanted = photo.settings;
  current = photo;
  const all = inGrid();
  part("place").textContent = texts.place(all.findIndex((other) => other.id === photo.id) + 1, all.length);
  if (part("name") !== document.activeElement) part("name").value = photo.title;
  part("notice").textContent = photo.note;
  part("notice").hidden = !photo.note;
  buttons();
  stage();
}

function buttons() {
  const done = current.state === "done";
  part("keep").ariaPressed = current.kept;
  part("keep").disabled = part("save").disabled = !done;
  part("leave").textContent = current.state === "out" ? texts.takeBack : texts.leave;
  part("again").disabled = !["done", "out"].includes(current.state);
  for (const sheet of part("sheets").querySelectorAll("button")) sheet.disabled = !done;
}

async function stage() {
  const { id, version, state, name, title, engine } = current;
  const what = [id, version, state === "out", version > 0].join();
  part("stage").dataset.state = stateOf(current);
  if (what === shown) return;
  shown = what;
  part("facts").textContent = name;
  if (state === "out" || !version) {
    part("stage").replaceChildren(make("p", "hint", state === "out" ? texts.isOut : texts.notYet));
    return;
  }
  try {
    const both = await Promise.all(["portrait", "before"].map((kind) => blob(`/api/photos/${id}/${kind}`)));
    if (what !== shown) return;
    const box = compared(name, title, both);
    const after = box.querySelector(".after");
    after.addEventListener("load", () => {
      box.style.setProperty("--ratio", after.naturalWidth / after.naturalHeight);
      if (what !== shown) return;
      part("facts").textContent = texts.facts(after.naturalWidth, after.naturalHeight, texts.engines[engine]);
    });
    part("stage").replaceChildren(box);
  } catch {
    if (what === shown) part("stage").replaceChildren(make("p", "hint", texts.noPicture));
  }
}

function compared(name, title, [after, before]) {
  const box = make("div", "compare");
  const slider = make("input");
  Object.assign(slider, { type: "range", min: 0, max: 100, value: 50 });
  slider.ariaLabel = texts.slider;
  slider.oninput = () => box.style.setProperty("--at", slider.value + "%");
  for (const [cls, picture, alt] of [["after", after, texts.after(title)], ["before", before, texts.before(name)]]) {
    const image = make("img", cls);
    image.alt = alt;
    show(image, picture);
    box.append(image);
  }
  box.append(slider, make("i"));
  return box;
}

part("previous").onclick = () => go(-1);
part("next").onclick = () => go(1);
part("close").onclick = () => viewer.close();
part("keep").onclick = () => world.try(() => post("/api/keep", { ids: [current.id], kept: !current.kept }));
part("leave").onclick = () => world.try(() => post("/api/leave", { ids: [current.id], out: current.state !== "out" }));
part("again").onclick = () => world.try(() => post("/api/again", { ids: [current.id], settings: wanted }));
part("save").onclick = () => world.try(async () =>
  save(await blob(`/api/photos/${current.id}/portrait`), current.files[0].split(/[/\\]/).pop()));
part("name").onchange = () => world.try(async () => {
  const name = part("name").value.trim();
  if (name && name !== current.title) await post("/api/rename", { id: current.id, name });
  else part("name").value = current.title;
});
viewer.onclose = () => {
  part("stage").replaceChildren();
  const { id } = current;
  current = null;
  focus(id);
};
viewer.onkeydown = (event) => {
  const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
  if (event.target === part("name") && event.key === "Enter") part("next").focus();
  if (!step || event.target.matches("input, select")) return;
  event.preventDefault();
  go(step);
};
