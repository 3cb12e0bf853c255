// Times, sizes and pieces of text as they are shown. Pure.

const ZONE = { timeZone: "Asia/Shanghai" };
const clock = new Intl.DateTimeFormat("zh-CN", { ...ZONE, hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
const dayOf = new Intl.DateTimeFormat("en-CA", { ...ZONE, year: "numeric", month: "2-digit", day: "2-digit" });
const thisYear = new Intl.DateTimeFormat("zh-CN", { ...ZONE, month: "long", day: "numeric", weekday: "short" });
const otherYear = new Intl.DateTimeFormat("zh-CN", { ...ZONE, year: "numeric", month: "long", day: "numeric" });
const DAY = 86400000;

/** "09:30" */
export const time = (at) => clock.format(new Date(at));

/** "2026-11-21", to compare days in the hospital. */
export const day = (at) => dayOf.format(new Date(at));

/** "今天", "昨天", "11月3日周二" or "2025年11月3日". */
export function dayName(at, now = Date.now()) {
  const it = day(at);
  if (it === day(now)) return "今天";
  if (it === day(now - DAY)) return "昨天";
  return (it.slice(0, 4) === day(now).slice(0, 4) ? thisYear : otherYear).format(new Date(at));
}

/** "12 KB" */
export function size(bytes) {
  if (bytes < 1024) return `${bytes} B`;
  return bytes < 1024 * 1024 ? `${Math.round(bytes / 1024)} KB` : `${(bytes / 1024 / 1024).toFixed(1)} MB`;
}

/** What a message is in one line. */
export function inOneLine(message) {
  if (message.recalled) return "";
  const text = message.text.replace(/\s+/g, " ");
  if (message.seconds) return `[语音] ${message.seconds} 秒`;
  if (!message.file) return text;
  return `${message.file.mime.startsWith("image/") ? "[图片]" : `[文件] ${message.file.name}`} ${text}`.trim();
}

const LINK = /https?:\/\/[^\s<>"'，。；、）】》]+/g;

/** The text cut into plain pieces, links and mentions: [{kind: "text" | "link" | "mention", text}]. */
export function pieces(text, names) {
  const marks = [...text.matchAll(LINK)].map((hit) => [hit.index, hit[0], "link"]);
  for (const name of names) {
    const word = `@${name}`;
    for (let at = text.indexOf(word); at >= 0; at = text.indexOf(word, at + word.length)) {
      marks.push([at, word, "mention"]);
    }
  }
  // the longer of two that begin together wins: @张测试二 is not @张测试
  marks.sort((one, two) => one[0] - two[0] || two[1].length - one[1].length);
  const found = [];
  let done = 0;
  for (const [at, word, kind] of marks) {
    if (at < done) continue;
    if (at > done) found.push({ kind: "text", text: text.slice(done, at) });
    found.push({ kind, text: word });
    done = at + word.length;
  }
  if (done < text.length) found.push({ kind: "text", text: text.slice(done) });
  return found;
}
