// The portraits, as they are made. Pictures are loaded only near the screen.
import { texts } from "./texts.js";
import { by, clone, pool, show } from "./dom.js";
import { blob } from "./api.js";

const cards = new Map(); // element and photo, by the photo's ID
const near = new Set();  // IDs of cards near the screen
const load = pool(2, true);

const watcher = new IntersectionObserver((changes) => {
  for (const { target, isIntersecting } of changes) {
    near[isIntersecting ? "add" : "delete"](target.dataset.id);
    if (isIntersecting) picture(target.dataset.id);
  }
}, { rootMargin: "500px" });

// picture loads a card's picture, unless it has that version already.
function picture(id) {
  const card = cards.get(id);
  if (!card || !card.photo.version || card.loaded === card.photo.version || !near.has(id)) return;
  const version = card.loaded = card.photo.version;
  load(async () => {
    if (!near.has(id)) { card.loaded = 0; return; }
    try {
      const thumb = await blob(`/api/photos/${id}/thumb`);
      if (card.loaded === version) show(card.element.querySelector("img"), thumb);
    } catch {
      card.loaded = 0;
    }
  });
}

export const stateOf = (photo) => photo.kept && photo.state === "done" ? texts.kept : texts.states[photo.state];

// put adds a photo or shows what became of it.
export function put(photo, open) {
  let card = cards.get(photo.id);
  if (!card) {
    card = { element: clone("card"), loaded: 0 };
    card.element.dataset.id = photo.id;
    card.element.firstElementChild.onclick = () => open(photo.id);
    cards.set(photo.id, card);
    by("grid").append(card.element);
    watcher.observe(card.element);
  }
  card.photo = photo;
  const { element } = card;
  const state = stateOf(photo);
  element.dataset.state = photo.state;
  element.hidden = photo.state === "failed";
  element.querySelector(".name").textContent = photo.title;
  element.querySelector(".state").textContent = state;
  element.firstElementChild.ariaLabel = texts.card(photo, state);
  element.title = photo.note || photo.name;
  picture(photo.id);
}

// keep forgets all cards except those of these IDs.
export function keep(ids) {
  for (const [id, card] of cards) {
    if (ids.has(id)) continue;
    watcher.unobserve(card.element);
    card.element.remove();
    cards.delete(id);
    near.delete(id);
  }
}

export const focus = (id) => cards.get(id)?.element.firstElementChild.focus();

// The arrow keys go from card to card.
by("grid").onkeydown = (event) => {
  const all = [...by("grid").children].filter((card) => !card.hidden);
  const at = all.indexOf(event.target.closest("li"));
  const columns = getComputedStyle(by("grid")).gridTemplateColumns.split(" ").length;
  const to = { ArrowLeft: at - 1, ArrowRight: at + 1, ArrowUp: at - columns, ArrowDown: at + columns };
  const next = event.key in to && all[to[event.key]];
  if (!next) return;
  event.preventDefault();
  next.firstElementChild.focus();
};
