/* Writes times in the browser's zone, where it found UTC. */

const day = new Intl.DateTimeFormat("en-GB", { dateStyle: "long" });
const clock = new Intl.DateTimeFormat("en-GB", { timeStyle: "short" });
for (const time of document.querySelectorAll("time")) {
  const moment = new Date(time.dateTime);
  const date = day.format(moment);
  time.title = time.textContent;
  time.textContent = (date === day.format() ? "" : `${date}, `) + clock.format(moment);
}
