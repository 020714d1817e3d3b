// Photos come in: dropped, pasted, chosen or taken.
import { texts } from "./texts.js";
import { by, pool } from "./dom.js";
import { ask, pause } from "./api.js";

const picture = /\.(jpe?g|png|webp|bmp|tiff?|hei[cf]|avif|gif)$/i;
const upload = pool(3);
let world, waiting = 0;

// attach connects the intake with the page: {added(photo), refused(name, problem), adding(count)}.
export const attach = (page) => { world = page; };

// add takes files, each with its path.
function add(found) {
  if (!found.length) world.refused("", { what: texts.noPhotos, fix: texts.noPhotosFix });
  for (const { file, path } of found) {
    if (file.size > 100 * 1024 * 1024) {
      world.refused(path, texts.tooLarge);
      continue;
    }
    world.adding(++waiting);
    upload(async () => {
      try {
        await sendFile(file, path);
      } catch (error) {
        world.refused(path, { what: error.message, fix: error.fix || "" });
      }
      world.adding(--waiting);
    });
  }
}

// sendFile tries again while the program is away.
async function sendFile(file, path) {
  for (;;) {
    try {
      const name = encodeURIComponent(path.toWellFormed());
      const answer = await ask("/api/photos", { method: "POST", body: file, headers: { "X-Facecraft-Name": name } });
      world.added(await answer.json());
      return;
    } catch (error) {
      await file.slice(0, 1).arrayBuffer(); // fails, and says why, for a file that cannot be read
      if (error.status) throw error;
      await pause(2000);
    }
  }
}

const inside = (path) => path.slice(path.indexOf("/") + 1);
const visible = ({ path }) => picture.test(path) && !/(^|\/)\./.test(path);

// walk lists the files of a dropped folder. A reader hands out at most 100 at a time.
async function walk(entry, found) {
  if (entry.isFile) {
    found.push({ file: await new Promise((done, failed) => entry.file(done, failed)), path: entry.fullPath.slice(1) });
    return;
  }
  const reader = entry.createReader();
  const read = () => new Promise((done, failed) => reader.readEntries(done, failed));
  for (let some = await read(); some.length; some = await read()) {
    for (const child of some) await walk(child, found);
  }
}

async function dropped(transfer) {
  const entries = [...transfer.items].map((item) => item.webkitGetAsEntry?.()).filter(Boolean);
  if (!entries.length) return [...transfer.files].map((file) => ({ file, path: file.name }));
  const all = [];
  for (const entry of entries) {
    const found = [];
    await walk(entry, found);
    if (entry.isFile) all.push(...found);
    else all.push(...found.filter(visible).map((one) => entries.length > 1 ? one : { ...one, path: inside(one.path) }));
  }
  return all;
}

const hasFiles = (event) => event.dataTransfer?.types.includes("Files");
let depth = 0; // of the elements that the pointer has entered
const over = (change) => { depth = change ? Math.max(0, depth + change) : 0; by("overlay").hidden = !depth; };
addEventListener("dragenter", (event) => { if (hasFiles(event)) over(1); });
addEventListener("dragleave", (event) => { if (hasFiles(event)) over(-1); });
addEventListener("dragover", (event) => { if (hasFiles(event)) event.preventDefault(); });
addEventListener("drop", async (event) => {
  if (!hasFiles(event)) return;
  event.preventDefault();
  over(0);
  add(await dropped(event.dataTransfer));
});
addEventListener("paste", (event) => {
  const files = [...event.clipboardData.files];
  if (files.length) add(files.map((file) => ({ file, path: file.name })));
});
addEventListener("beforeunload", (event) => { if (waiting) event.preventDefault(); });

by("files").onchange = ({ target }) => {
  add([...target.files].map((file) => ({ file, path: file.name })));
  target.value = "";
};
by("directory").onchange = ({ target }) => {
  add([...target.files].map((file) => ({ file, path: inside(file.webkitRelativePath) })).filter(visible));
  target.value = "";
};

const camera = by("camera");
const video = camera.querySelector("video");
async function openCamera() {
  const trouble = camera.querySelector(".notice");
  trouble.hidden = true;
  camera.showModal();
  try {
    const video1080 = { width: { ideal: 1920 }, height: { ideal: 1080 } };
    video.srcObject = await navigator.mediaDevices.getUserMedia({ video: video1080 });
  } catch {
    trouble.textContent = texts.noCamera;
    trouble.hidden = false;
  }
  video.hidden = camera.querySelector(".shoot").hidden = !trouble.hidden;
}
camera.onclose = () => {
  video.srcObject?.getTracks().forEach((track) => track.stop());
  video.srcObject = null;
};
camera.querySelector(".close").onclick = () => camera.close();
camera.querySelector(".shoot").onclick = () => {
  const canvas = document.createElement("canvas");
  Object.assign(canvas, { width: video.videoWidth, height: video.videoHeight });
  canvas.getContext("2d").drawImage(video, 0, 0);
  const name = `camera-${new Date().toISOString().slice(0, 19).replace(/[T:]/g, "-")}.jpg`;
  canvas.toBlob((file) => add([{ file, path: name }]), "image/jpeg", 0.95);
  camera.close();
};

const ways = { files: () => by("files").click(), folder: () => by("directory").click(), camera: openCamera };
for (const element of document.querySelectorAll("[data-choose]")) element.onclick = ways[element.dataset.choose];
