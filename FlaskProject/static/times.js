/* Writes times in the browser's zone and the page's language, where it found UTC. */

const { locale } = document.documentElement.dataset;
const write = (moment, style) => new Intl.DateTimeFormat(locale, style).format(moment);
for (const time of document.querySelectorAll("time")) {
  const moment = new Date(time.dateTime);
  const isToday = write(moment, { dateStyle: "long" }) === write(new Date(), { dateStyle: "long" });
  time.title = time.textContent;
  time.textContent = write(moment, { ...(isToday ? {} : { dateStyle: "long" }), timeStyle: "short" });
}
