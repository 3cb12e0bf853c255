// Draws the course of each laboratory item; the same numbers stand in the table below it.
"use strict";
(() => {
  const style = getComputedStyle(document.documentElement);
  const tone = (name) => style.getPropertyValue(name).trim();
  const drawn = [];
  for (const box of document.querySelectorAll("[data-trend]")) {
    const data = JSON.parse(box.dataset.trend);
    const one = data.series[0];
    const limits = [data.low, data.high].filter((value) => value !== null);
    const chart = echarts.init(box, null, { renderer: "canvas" });
    chart.setOption({
      animation: false, aria: { enabled: true }, color: [tone("--brand")],
      textStyle: { fontFamily: getComputedStyle(document.body).fontFamily },
      // richText is painted on the canvas: an HTML tooltip would need inline styles, which the CSP refuses.
      tooltip: { renderMode: "richText", confine: true, trigger: "axis" },
      grid: { left: 8, right: 44, top: 24, bottom: 8, containLabel: true },
      xAxis: { type: "category", data: data.labels, boundaryGap: false, axisTick: { show: false },
        axisLine: { lineStyle: { color: tone("--line") } }, axisLabel: { color: tone("--ink-soft"), formatter: (text) => text.slice(0, 10), hideOverlap: true } },
      yAxis: { type: "value", scale: true, min: (span) => Math.min(span.min, ...limits), max: (span) => Math.max(span.max, ...limits),
        splitLine: { lineStyle: { color: tone("--line-soft") } }, axisLabel: { color: tone("--ink-soft"), formatter: (value) => String(Math.round(value * 100) / 100) } },
      series: [{ type: "line", name: one.name, data: one.values, symbolSize: 7,
        label: { show: one.values.length < 16, color: tone("--ink-soft"), position: "top" },
        markArea: limits.length === 2 ? { silent: true, itemStyle: { color: tone("--good-tint"), opacity: 0.7 }, data: [[{ yAxis: data.low }, { yAxis: data.high }]] } : undefined,
      }],
    });
    drawn.push(chart);
  }
  addEventListener("resize", () => drawn.forEach((chart) => chart.resize()));
})();
