// Records a greeting with the browser's microphone into the form's own file field, and sends the form without leaving
// the page, so that a refusal or a lost line costs no recording. Without this, the form uploads files as any other.
"use strict";

for (const form of document.querySelectorAll("form[data-recorder]")) {
  const says = form.dataset;
  const file = form.querySelector("input[type=file]");
  const save = form.querySelector(".actions button");
  const status = document.createElement("p");
  status.className = "hint";
  status.setAttribute("role", "status");
  const time = document.createElement("span");
  time.setAttribute("aria-hidden", "true");
  const preview = document.createElement("audio");
  preview.controls = true;
  preview.hidden = true;
  preview.setAttribute("aria-label", says.yours);
  const place = document.createElement("div");
  place.className = "field";
  file.closest(".field").after(place);

  const tell = (text, wrong = false) => { status.className = wrong ? "error" : "hint"; status.textContent = text; };
  const listen = (sound) => {
    URL.revokeObjectURL(preview.src);
    preview.hidden = !sound;
    if (sound) preview.src = URL.createObjectURL(sound);
  };
  file.addEventListener("change", () => { listen(file.files[0]); tell(""); });

  if (navigator.mediaDevices && window.MediaRecorder) {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "small";
    button.textContent = says.start;
    place.append(button, " ", time);
    let recording = null;

    const begin = async () => {
      button.disabled = true;
      let stream;
      try {
        stream = await navigator.mediaDevices.getUserMedia({ audio: true });
      } catch {
        tell(says.denied, true);
        return;
      } finally {
        button.disabled = false;
        button.focus();
      }
      const parts = [];
      recording = new MediaRecorder(stream);
      recording.addEventListener("dataavailable", (event) => { if (event.data.size) parts.push(event.data); });
      const since = Date.now();
      const clock = setInterval(() => {
        const seconds = Math.floor((Date.now() - since) / 1000);
        time.textContent = `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
        if (seconds >= Number(says.recorder)) recording.stop();
      }, 250);
      recording.addEventListener("stop", () => {
        clearInterval(clock);
        for (const track of stream.getTracks()) track.stop();
        const type = recording.mimeType.split(";")[0] || "audio/webm";
        recording = null;
        save.disabled = false;
        button.textContent = says.again;
        if (!parts.length) { tell(says.silent, true); return; }
        const held = new DataTransfer();
        held.items.add(new File(parts, `greeting.${type.split("/")[1]}`, { type }));
        file.files = held.files;
        listen(file.files[0]);
        tell(says.recorded);
      });
      recording.start();
      save.disabled = true;
      preview.pause();
      button.textContent = says.stop;
      tell(says.recording);
    };
    button.addEventListener("click", () => { if (recording) recording.stop(); else begin(); });
  } else {
    tell(says.none);
  }
  place.append(status, preview);

  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (file.files[0] && file.files[0].size > Number(says.most)) { tell(says.large, true); return; }
    save.disabled = true;
    tell(says.saving);
    try {
      const answer = await fetch(form.action, { method: "POST", body: new FormData(form), redirect: "manual" });
      if (answer.type === "opaqueredirect") { window.location.reload(); return; }
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      const told = [...page.querySelectorAll("main .error")].map((one) => one.textContent.trim());
      tell(told.join(" ") || says.lost, true);
    } catch {
      tell(says.lost, true);
    }
    save.disabled = false;
    save.focus();
  });
}
