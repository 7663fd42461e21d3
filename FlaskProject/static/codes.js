/* Copies and prints the recovery codes, where the browser lets it: without this script the buttons are hidden. */
const codes = document.querySelector(".codes");
const copy = document.querySelector("[data-copies]");
const print = document.querySelector("[data-prints]");
const said = document.querySelector("[data-copied]");

copy.hidden = !navigator.clipboard; // there is none on http
copy.addEventListener("click", () =>
  navigator.clipboard.writeText(codes.textContent).then(
    () => (said.textContent = said.dataset.copied),
    () => (said.textContent = said.dataset.failed),
  ),
);

print.hidden = false;
print.addEventListener("click", () => window.print());
