// The form of a portrait's settings: one for photos to come, one for the portrait in the viewer.
import { texts } from "./texts.js";
import { clone, make } from "./dom.js";

const fields = ["preset", "width", "height", "background", "margin", "oval", "enhance", "fidelity", "format"];

// same tells whether two settings make the same portrait.
export const same = (a, b) => fields.every((field) => a[field] === b[field]);

function choice(name, value, label, cls) {
  const element = make("label", cls);
  const input = make("input");
  Object.assign(input, { type: "radio", name, value });
  element.append(input, label);
  return element;
}

function purpose(preset) {
  const words = make("span", "words");
  words.append(make("b", "", texts.purposes[preset.name] || preset.title.split(": ")[0]));
  if (preset.name) words.append(make("span", "", `${preset.width} × ${preset.height}`));
  return choice("preset", preset.name, words, "purpose");
}

// Look builds the form. changed(settings) is called with what the user wants.
export class Look {
  constructor(slot, presets, changed) {
    this.form = clone("look");
    this.presets = presets;
    this.changed = changed;
    const part = (cls) => this.form.querySelector("." + cls);
    this.part = part;
    part("purposes").append(purpose({ name: "", title: texts.own }), ...presets.map(purpose));
    for (const [value, label] of Object.entries(texts.colours)) part("colours").append(swatch(value, label));
    part("colours").append(swatch("own", texts.ownColour), part("own"));
    for (const [value, label] of Object.entries(texts.formats)) {
      part("formats").append(choice("format", value, make("span", "", label), "segment"));
    }
    this.form.onsubmit = (event) => event.preventDefault();
    this.form.oninput = () => this.outputs();
    this.form.onchange = (event) => this.change(event.target);
    slot.replaceChildren(this.form);
  }

  get preset() { return this.presets.find((preset) => preset.name === this.settings.preset); }

  // set shows settings, and what the server can do with them.
  set(settings, enhance) {
    this.settings = settings;
    this.server = enhance;
    const { form, preset } = this;
    for (const name of ["width", "height", "margin", "fidelity"]) {
      if (form[name] !== document.activeElement || form[name].type === "range") form[name].value = settings[name];
    }
    form.oval.checked = settings.oval;
    form.enhance.checked = settings.enhance && enhance.can;
    pick(form, "preset", settings.preset);
    pick(form, "format", settings.format);
    if (!pick(form, "colour", settings.background)) {
      pick(form, "colour", "own");
      form.own.value = settings.background;
    }
    form.own.hidden = form.elements.colour.value !== "own";
    this.limit(preset, enhance);
    this.outputs();
  }

  // limit greys what has no effect, with the reason.
  limit(preset, enhance) {
    const { form, part } = this;
    const cropOnly = Boolean(preset?.cropOnly);
    part("colours").disabled = cropOnly;
    part("size").disabled = form.oval.disabled = Boolean(preset);
    part("formats").disabled = !this.settings.oval;
    form.enhance.disabled = cropOnly || !enhance.can;
    part("fidelity").hidden = form.enhance.disabled || !form.enhance.checked;
    part("why").textContent = cropOnly ? texts.cropOnly : enhance.why;
    part("why").hidden = !cropOnly && enhance.can;
    part("transparent").hidden = !this.settings.oval || this.settings.format === "jpg";
    const about = part("about");
    about.hidden = !preset;
    if (!preset) return;
    about.classList.toggle("plain", !preset.notice);
    about.firstElementChild.textContent = preset.notice;
    const link = about.lastElementChild;
    link.textContent = texts.source(new URL(preset.source).host);
    link.href = preset.source;
  }

  outputs() {
    for (const slide of this.form.querySelectorAll(".slide")) {
      slide.querySelector("output").textContent = Math.round(slide.querySelector("input").value * 100) + " %";
    }
  }

  change(input) {
    const { form } = this;
    if (!input.checkValidity()) return;
    const chosen = form.colour.value;
    const preset = form.elements.preset.value;
    this.set(input.name === "preset" && preset ? { ...this.settings, ...this.given(preset) } : {
      preset,
      width: form.width.valueAsNumber, height: form.height.valueAsNumber,
      background: input.name === "own" || chosen === "own" ? form.own.value : chosen,
      margin: form.margin.valueAsNumber, fidelity: form.fidelity.valueAsNumber,
      oval: form.oval.checked, enhance: form.enhance.disabled ? this.settings.enhance : form.enhance.checked,
      format: form.elements.format.value,
    }, this.server);
    this.changed(this.settings);
  }

  // given are the settings that come with a preset.
  given(preset) {
    const { width, height, background, margin, official } = this.presets.find(({ name }) => name === preset);
    return { preset, width, height, background, margin, oval: false, enhance: !official, format: "jpg" };
  }
}

// pick checks a radio button, if there is one of that value.
function pick(form, name, value) {
  for (const input of form.elements[name]) {
    if (input.value === value) return input.checked = true;
  }
  return false;
}

function swatch(value, label) {
  const element = choice("colour", value, make("span", "sr", label), "swatch");
  element.title = label;
  if (value !== "own") element.style.setProperty("--colour", value);
  return element;
}
