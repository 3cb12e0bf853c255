// A tree of ../logic.js in plain Chinese, for people who do not read trees. Pure: no DOM.

const COMPARED = { eq: "是", ne: "不是", lt: "小于", le: "不大于", gt: "大于", ge: "不小于" };
const NUMBERS = { ...COMPARED, eq: "等于", ne: "不等于" };
const DAYS = { ...COMPARED, eq: "就是", lt: "早于", le: "不晚于", gt: "晚于", ge: "不早于" };
const SUMS = { sum: "之和", mean: "的平均值", min: "中最小的", max: "中最大的" };
const SIGNS = { add: " + ", mul: " × ", sub: " − ", div: " ÷ " };

export class Reader {
  /** `questions` in order, with titles, options and parts; `facts` as the server lists them. */
  constructor(questions, facts, fixed = new Map()) {
    this.fixed = fixed; // kind → options that every question of it has
    this.questions = new Map(questions.map((item) => [item.code, item]));
    this.facts = new Map(facts.map((fact) => [fact.name, fact]));
    let at = 0;
    this.numbers = new Map(questions.map((item) => [item.code, ["paragraph", "picture"].includes(item.kind) ? 0 : ++at]));
  }

  /** “就诊类型”, or “环境”中的“床位” of a part. */
  subject(node) {
    if ("fact" in node) return `“${this.facts.get(node.fact)?.label || node.fact}”`;
    const item = this.questions.get(node.q);
    if (!item) return "（已删除的题目）";
    const title = `“${item.title || "未命名的题目"}”`;
    if (!node.part) return title;
    const part = [...(item.rows || []), ...(item.blanks || [])].find((one) => one.code === node.part);
    return `${title}中的“${part?.label || node.part}”`;
  }

  #options(node) {
    if (node && "fact" in node) return new Map(this.facts.get(node.fact)?.options || []);
    const item = this.questions.get(node?.q);
    return new Map(item?.options ? item.options.map((option) => [option.code, option.label]) : this.fixed.get(item?.kind) || []);
  }

  #leaf(node, beside) {
    if ("num" in node) return node.num || "（未填）";
    if ("day" in node) return node.day || "（未填）";
    if ("text" in node) return `“${node.text}”`;
    const labels = this.#options(beside);
    const said = (code) => `“${labels.get(code) ?? (code ? "已删除的选项" : "未选")}”`;
    if ("code" in node) return said(node.code);
    return node.codes.length ? node.codes.map(said).join("、") : "（未选）";
  }

  /** A value or a condition in words. */
  say(node, beside = null) {
    if (!node) return "";
    if (!("op" in node)) return "q" in node || "fact" in node ? this.subject(node) : this.#leaf(node, beside);
    const args = node.args;
    const named = args.find((part) => "q" in part || "fact" in part);
    const each = () => args.map((part) => this.say(part, named));
    const [first, second, third] = each();
    switch (node.op) {
      case "and":
        return this.#joined(args, "并且");
      case "or":
        return this.#joined(args, "或者");
      case "not":
        if (args[0].op === "answered") return `${this.say(args[0].args[0])}没有回答`;
        if (args[0].op === "has_any") return `${this.#has(args[0].args)}一个也没选`;
        return `不满足（${first}）`;
      case "holds":
        return `确定${first}`;
      case "answered":
        return `${first}已回答`;
      case "eq": case "ne": case "lt": case "le": case "gt": case "ge":
        return `${first}${this.#words(args)[node.op]}${second}`;
      case "between":
        return `${first}在 ${second} 与 ${third} 之间`;
      case "in":
        return `${first}是${second}之一`;
      case "has_any":
        return `${first}选了${second}${args[1].codes?.length > 1 ? "之一" : ""}`;
      case "has_all":
        return `${first}选了${second}${args[1].codes?.length > 1 ? "全部" : ""}`;
      case "count":
        return args.length === 1 && named ? `${first}所选项数` : `（${each().join("；")}）中成立的个数`;
      case "score":
        return `${first}的得分`;
      case "add": case "sub": case "mul": case "div":
        return `（${each().join(SIGNS[node.op])}）`;
      case "sum": case "mean": case "min": case "max":
        return `${each().join("、")}${SUMS[node.op]}`;
      case "round":
        return `${first}（取 ${second} 位小数）`;
      case "days_between":
        return `从${first}到${second}的天数`;
      case "if":
        return `（如果${first}则${second}，否则${third}）`;
      default:
        return `（不认识的运算 ${node.op}）`;
    }
  }

  #has([subject, codes]) {
    return `${this.say(subject)}中${this.say(codes, subject)}`;
  }

  #joined(args, word) {
    return args.map((part) => (["and", "or"].includes(part.op) ? `（${this.say(part)}）` : this.say(part))).join(`，${word}`);
  }

  #words(args) {
    if (args.some((part) => "day" in part)) return DAYS;
    if (args.some((part) => "num" in part || "op" in part)) return NUMBERS;
    return COMPARED;
  }

  /** 当“就诊类型”是“住院”时显示 */
  shown(tree) {
    return tree ? `当${this.say(tree)}时显示` : "";
  }

  /** 选“否”跳到第 5 题 */
  jump({ when, to }, item) {
    return `${this.#picked(when, item)}${this.#aim(to)}`;
  }

  #picked(when, item) {
    const own = when.args?.[0]?.q === item.code && !when.args[0].part;
    if (own && when.op === "eq" && "code" in when.args[1]) return `选${this.say(when.args[1], when.args[0])}`;
    if (own && when.op === "has_any") return `选了${this.say(when.args[1], when.args[0])}${when.args[1].codes.length > 1 ? "之一" : ""}`;
    return `当${this.say(when)}时`;
  }

  #aim(to) {
    if (to === "end") return "跳到结尾";
    if (!this.questions.has(to)) return "跳到（已删除的题目）";
    const number = this.numbers.get(to);
    return number ? `跳到第 ${number} 题` : `跳到${this.subject({ q: to })}`;
  }
}
