/* Shows passwords in place, and ticks off the rules that a new one keeps while it is typed. */

const showBy = (button) => {
  const fields = button.form.querySelectorAll("[type=password]");
  const show = (shown) => {
    for (const field of fields) field.type = shown ? "text" : "password";
    button.setAttribute("aria-pressed", shown);
  };
  button.type = "button";
  button.addEventListener("mousedown", (event) => event.preventDefault()); // the focus stays in the field
  button.addEventListener("click", () => show(fields[0].type === "password"));
  button.form.addEventListener("submit", () => show(false)); // so that browsers save it as one
  show(false);
};

const answerBy = (list) => {
  const field = document.getElementById(list.dataset.of);
  const told = list.nextElementSibling;
  let pause;
  field.form.addEventListener("input", () => {
    const typed = new FormData(field.form);
    const password = field.value.normalize("NFKC");
    const own = [list.dataset.own, typed.get("email"), typed.get("username")].join(" ").toLowerCase();
    const words = [...own.split(" "), ...own.split(/[^\p{L}\p{N}]+/u)].filter((word) => word.length > 3);
    const hasOwn = words.some((word) => password.toLowerCase().includes(word));
    for (const rule of list.children) {
      const isKept = [...password].length >= rule.dataset.least && !(hasOwn && rule.dataset.own);
      rule.className = isKept ? "kept" : "";
      rule.lastChild.textContent = list.dataset[rule.className || "open"];
    }
    clearTimeout(pause);
    pause = setTimeout(() => (told.textContent = list.textContent), 1000); // not at each key
  });
  list.hidden = false;
};

document.querySelectorAll("[name=passwords][value=show]").forEach(showBy);
document.querySelectorAll("[data-of]").forEach(answerBy);
