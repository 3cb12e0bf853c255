// Draws the charts of the page of statistics from the data of each; the same numbers stand in the table.
(() => {
  const style = getComputedStyle(document.documentElement);
  const tone = (name) => style.getPropertyValue(name).trim();
  const colours = ["--brand", "--teal", "--soon", "--review", "--good", "--late", "--wait"].map(tone)
    .concat(["#5b9bd5", "#c6a15b", "#8fb996", "#b48ead", "#7a8ba0"]);
  const drawn = [];

  const axis = { axisLine: { lineStyle: { color: tone("--line") } }, axisTick: { show: false }, axisLabel: { color: tone("--ink-soft"), fontSize: 12 } };
  const grid = { left: 8, right: 24, top: 40, bottom: 8, containLabel: true };
  const short = (text) => (text.length > 11 ? text.slice(0, 10) + "…" : text);
  const base = () => ({
    color: colours, animation: false, aria: { enabled: true },
    textStyle: { fontFamily: getComputedStyle(document.body).fontFamily },
    // richText is painted on the canvas: an HTML tooltip would need inline styles, which the CSP refuses.
    tooltip: { renderMode: "richText", confine: true },
    legend: { top: 4, type: "scroll", textStyle: { color: tone("--ink-soft") } },
  });
  const labelled = (one) => ({ show: true, color: tone("--ink-soft"), formatter: ({ value }) => (value == null ? "" : one.percent ? value + "%" : String(value)) });

  const shapes = {
    bars: (data) => {
      const one = data.series[0];
      return { ...base(), legend: undefined, grid: { ...grid, top: 8, right: 56 },
        xAxis: { type: "value", splitLine: { lineStyle: { color: tone("--line-soft") } }, axisLabel: { show: false } },
        yAxis: { ...axis, type: "category", inverse: true, data: data.labels, axisLabel: { ...axis.axisLabel, formatter: short } },
        series: [{ type: "bar", name: one.name, data: one.values, barMaxWidth: 18, label: { ...labelled(one), position: "right" } }] };
    },
    columns: (data) => {
      const one = data.series[0];
      return { ...base(), legend: undefined, grid: { ...grid, top: 28, right: 8 },
        xAxis: { ...axis, type: "category", data: data.labels, axisLabel: { ...axis.axisLabel, interval: 0, formatter: short, hideOverlap: true } },
        yAxis: { type: "value", splitLine: { lineStyle: { color: tone("--line-soft") } }, axisLabel: { color: tone("--ink-soft") } },
        series: [{ type: "bar", name: one.name, data: one.values, barMaxWidth: 36, label: { ...labelled(one), position: "top" } }] };
    },
    line: (data) => ({ ...base(), grid,
      tooltip: { renderMode: "richText", confine: true, trigger: "axis" },
      xAxis: { ...axis, type: "category", data: data.labels },
      yAxis: [
        { type: "value", show: data.series.some((one) => !one.percent), splitLine: { lineStyle: { color: tone("--line-soft") } }, axisLabel: { color: tone("--ink-soft") } },
        { type: "value", min: 0, max: 100, splitLine: { show: false }, axisLabel: { color: tone("--ink-soft"), formatter: "{value}%" } },
      ],
      series: data.series.filter((one) => !one.name.includes("用时")).map((one) => ({
        type: one.percent ? "line" : "bar", yAxisIndex: one.percent ? 1 : 0, name: one.name, data: one.values, barMaxWidth: 22, connectNulls: true,
      })) }),
    ring: (data) => {
      const one = data.series[0];
      return { ...base(), legend: { bottom: 0, type: "scroll", textStyle: { color: tone("--ink-soft") } },
        series: [{ type: "pie", name: one.name, radius: ["42%", "66%"], center: ["50%", "45%"],
          label: { formatter: "{b} {d}%", color: tone("--ink-soft") }, itemStyle: { borderColor: tone("--paper"), borderWidth: 2 },
          data: data.labels.map((name, at) => ({ name, value: one.values[at] })).filter((part) => part.value) }] };
    },
  };

  for (const box of document.querySelectorAll("[data-chart]")) {
    const data = JSON.parse(box.dataset.chart);
    const make = shapes[data.kind];
    if (!make || !data.labels.length || !data.series[0].values.some((value) => value)) { box.hidden = true; continue; }
    if (data.kind === "bars") box.classList.add(data.labels.length > 8 ? "stat-tall" : "stat-normal");
    const chart = echarts.init(box, null, { renderer: "canvas" });
    chart.setOption(make(data));
    drawn.push(chart);
  }
  const fit = () => drawn.forEach((chart) => chart.resize());
  addEventListener("resize", fit);
  for (const button of document.querySelectorAll("[data-print]")) button.addEventListener("click", () => print());
})();
