/* Writes times in the browser's zone instead of UTC. */

const { locale } = document.documentElement.dataset;
const write = (moment, style) => moment.toLocaleString(locale, style);
const day = { dateStyle: "long" };
for (const time of document.querySelectorAll("time")) {
  const moment = new Date(time.dateTime);
  const isToday = write(moment, day) === write(new Date(), day);
  time.title = time.textContent;
  time.textContent = write(moment, { ...(isToday || day), timeStyle: "short" });
}
