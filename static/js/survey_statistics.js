// Draws the control chart of the statistics of a questionnaire; the same numbers stand in the table beside it.
(() => {
  const style = getComputedStyle(document.documentElement);
  const tone = (name) => style.getPropertyValue(name).trim();
    for (const box of document.querySelectorAll("[data-control]")) {
    const data = JSON.parse(box.dataset.control);
    if (!data.values.some((value) => value !== null)) { box.hidden = true; continue; }
    const marks = { high: data.less ? "--late" : "--good", low: data.less ? "--good" : "--late", run: "--soon" };
    const flat = (name, values, colour) => ({ type: "line", step: data.share ? "middle" : false, name, data: values, symbol: "none", silent: true, lineStyle: { type: "dashed", width: 1, color: tone(colour) }, itemStyle: { color: tone(colour) } });
    const limited = data.middle.some((value) => value !== null);
    const chart = echarts.init(box, null, { renderer: "canvas" });
    chart.setOption({
      animation: false, aria: { enabled: true }, textStyle: { fontFamily: getComputedStyle(document.body).fontFamily },
      tooltip: { renderMode: "richText", confine: true, trigger: "axis" },
      legend: { top: 4, type: "scroll", textStyle: { color: tone("--ink-soft") } },
      grid: { left: 8, right: 24, top: 40, bottom: 8, containLabel: true },
      xAxis: { type: "category", data: data.labels, axisLine: { lineStyle: { color: tone("--line") } }, axisTick: { show: false }, axisLabel: { color: tone("--ink-soft") } },
      yAxis: { type: "value", scale: true, splitLine: { lineStyle: { color: tone("--line-soft") } }, axisLabel: { color: tone("--ink-soft"), formatter: data.share ? "{value}%" : "{value}" } },
      series: [
        { type: "line", name: data.name, symbolSize: 8, lineStyle: { color: tone("--brand") }, itemStyle: { color: tone("--brand") },
          data: data.values.map((value, at) => ({ value, itemStyle: { color: tone(marks[data.signals[at]] || "--brand") } })) },
        ...(limited ? [flat("中线", data.middle, "--ink-soft"), flat("下限", data.low, "--late"), flat("上限", data.high, "--late")] : []),
      ],
    });
    addEventListener("resize", () => chart.resize());
  }
})();
